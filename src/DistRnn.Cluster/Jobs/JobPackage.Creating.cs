using System.Collections.Immutable;
using DistRnn.Formats;
using DistRnn.Numerics;
using DistRnn.Training;

namespace DistRnn.Cluster;

public sealed partial record JobPackage
{
    private const string FilesDirectory = "files";
    private const int DirectoryDepthMax = 16;

    /// <summary>Packs a job: its files become blobs of a store.</summary>
    /// <param name="job">The job, with absolute paths.</param>
    /// <param name="store">Where the blobs go.</param>
    /// <exception cref="InvalidInputException">A file is not there, is not what <c>data.sha256</c> says, or has a name that other systems do not allow.</exception>
    /// <exception cref="StorageException">A file cannot be read or stored.</exception>
    public static JobPackage Create(JobOptions job, BlobStore store)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(store);
        var files = ImmutableArray.CreateBuilder<JobPackageFile>();
        var digests = job.Data.Sha256.ToBuilder();
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in JobPaths.Of(job).Where(path => !BuiltInData.IsReference(path.Path)))
        {
            var place = $"{FilesDirectory}/{path.Key}/{Path.GetFileName(Path.TrimEndingDirectorySeparator(path.Path))}";
            places[path.Key] = place;
            foreach (var file in FilesOf(path))
            {
                if (files.Count == FilesMax)
                    throw new InvalidInputException($"The job {job.Name} has more than {FilesMax} files, which is the most that are sent; '{path.Key}' is {path.Path}.");
                var name = file.Length == 0 ? place : $"{place}/{file}";
                if (!JobPackageFile.IsSafe(name))
                    throw new InvalidInputException($"'{path.Key}' is {path.Path}, whose name '{name}' cannot be sent: allowed are at most 1024 characters, without '\\', ':' and control characters.");
                var source = file.Length == 0 ? path.Path : Path.Combine(path.Path, file.Replace('/', Path.DirectorySeparatorChar));
                var content = store.PutFile(source);
                if (job.Data.Sha256.TryGetValue(source, out var digest))
                {
                    if (digest != content.Sha256)
                        throw new InvalidInputException($"{source} has the SHA-256 {content.Sha256}, but 'data.sha256' says {digest}: the data has changed. Take that key out to train on other data.");
                    digests.Remove(source);
                    digests[name] = digest;
                }
                files.Add(new JobPackageFile(path.Key, name, content.Bytes, content.Sha256));
            }
        }
        var moved = JobPaths.Replace(job, path => places.GetValueOrDefault(path.Key, path.Path));
        return new JobPackage(job.Name, JobFile.Write(moved with { Data = moved.Data with { Sha256 = digests.ToImmutable() } }), files.ToImmutable());
    }

    // The empty name is the path itself.
    private static IEnumerable<string> FilesOf(JobPath path)
    {
        if (File.Exists(path.Path))
            return [""];
        if (!Directory.Exists(path.Path))
            throw new InvalidInputException($"'{path.Key}' is {path.Path}, and there is no such file or directory.");
        return path.Key.StartsWith("model.", StringComparison.Ordinal)
            ? new[] { "job.yaml" }.Where(name => File.Exists(Path.Combine(path.Path, name))).Concat(FilesUnder(path.Path, "model"))
            : FilesUnder(path.Path, "");
    }

    private static IEnumerable<string> FilesUnder(string root, string directory)
    {
        var under = Path.Combine(root, directory);
        if (!Directory.Exists(under))
            return [];
        var options = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = DirectoryDepthMax, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };
        return Directory.EnumerateFiles(under, "*", options)
            .Select(file => Path.GetRelativePath(root, file).Replace(Path.DirectorySeparatorChar, '/'))
            .Order(StringComparer.Ordinal);
    }
}
