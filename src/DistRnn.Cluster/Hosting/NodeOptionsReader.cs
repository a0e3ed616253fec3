using System.Globalization;
using Akka.Configuration;
using Akka.Configuration.Hocon;
using DistRnn.Numerics;
using DistRnn.Protocol;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>
/// Reads a node's options: a file of the form of those under cluster-config, and above it single values from the command line or the environment.
/// What a file says under <c>akka</c> goes to the actor system as it is.
/// </summary>
public static class NodeOptionsReader
{
    private const string Section = "distrnn.node";

    private static readonly string[] s_keys =
    [
        "roles", "host-name", "bind", "port", "data-port", "seed-nodes", "coordinators", "failover", "threads", "blob-directory", "secret-file",
        "tls.certificate", "tls.password-file", "tls.authority",
    ];

    /// <summary>The keys of <c>distrnn.node</c>, in the order in which coordinator.conf explains them.</summary>
    public static IReadOnlyList<string> Keys => s_keys;

    /// <summary>Reads a file of options.</summary>
    /// <param name="file">The file, in HOCON.</param>
    /// <param name="values">Values that win over the file's: keys of <see cref="Keys"/> with their text; lists with commas between their items.</param>
    /// <returns>The options, not yet validated; relative paths of files are relative to the file's directory.</returns>
    /// <exception cref="InvalidInputException">The file cannot be read, is not HOCON, has an unknown key, or a value of the wrong kind.</exception>
    public static NodeOptions Read(string file, IEnumerable<KeyValuePair<string, string>>? values = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        string text;
        try
        {
            text = File.ReadAllText(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"The node's options '{file}' cannot be read: {exception.Message}", exception);
        }
        return Parse(text, file, Path.GetDirectoryName(Path.GetFullPath(file))!, values);
    }

    /// <summary>The options of single values alone.</summary>
    /// <param name="values">Keys of <see cref="Keys"/> with their text; lists with commas between their items.</param>
    /// <returns>The options, not yet validated; relative paths are relative to the working directory.</returns>
    /// <exception cref="InvalidInputException">A key is unknown, or a value of the wrong kind.</exception>
    public static NodeOptions Of(IEnumerable<KeyValuePair<string, string>> values) => Parse("", "the node's options", Directory.GetCurrentDirectory(), values);

    internal static NodeOptions Parse(string text, string source, string directory, IEnumerable<KeyValuePair<string, string>>? values = null)
    {
        var config = ParseHocon(text, source);
        var found = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        if (config.HasPath(Section))
            Collect(config.GetConfig(Section).Root.GetObject(), "", source, found);
        foreach (var (key, value) in values ?? [])
        {
            CheckKey(key, source);
            found[key] = key is "roles" or "seed-nodes" ? [.. value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)] : [value];
        }
        return Build(new Values(found, source, directory), config.HasPath("akka") ? text : "");
    }

    private static Config ParseHocon(string text, string source)
    {
        try
        {
            return ConfigurationFactory.ParseString(text);
        }
        catch (Exception exception) when (exception is FormatException || exception.GetType().Namespace?.StartsWith("Akka.Configuration", StringComparison.Ordinal) == true)
        {
            throw new InvalidInputException($"{source} is not valid HOCON: {exception.Message}", exception);
        }
    }

    private static void Collect(HoconObject section, string prefix, string source, Dictionary<string, IReadOnlyList<string>> found)
    {
        foreach (var (name, value) in section.Items)
        {
            var key = prefix + name;
            if (value.IsObject())
            {
                if (!s_keys.Any(known => known.StartsWith(key + ".", StringComparison.Ordinal)))
                    CheckKey(key, source);
                Collect(value.GetObject(), key + ".", source, found);
                continue;
            }
            CheckKey(key, source);
            found[key] = value.IsArray() ? [.. value.GetArray().Select(item => item.GetString())] : [value.GetString() ?? ""];
        }
    }

    private static void CheckKey(string key, string source)
    {
        if (!s_keys.Contains(key, StringComparer.Ordinal))
            throw new InvalidInputException($"{source}: '{key}' is not a key of {Section}. The keys are {string.Join(", ", s_keys)}.");
    }

    private static NodeOptions Build(Values values, string overrides)
    {
        var options = new NodeOptions
        {
            Roles = values.Roles("roles"),
            ActorSystemOverrides = overrides,
        };
        var tls = new TlsOptions { CertificateFile = values.Path("tls.certificate", ""), PasswordFile = values.Path("tls.password-file", ""), AuthorityFile = values.Path("tls.authority", "") };
        if (tls is { CertificateFile: "", PasswordFile: "", AuthorityFile: "" })
            tls = null;
        else if (tls.CertificateFile.Length == 0 || tls.AuthorityFile.Length == 0)
            throw new InvalidInputException($"{values.Source}: tls needs both a certificate and an authority; one of them is empty.");
        return options with
        {
            HostName = values.Text("host-name", options.HostName),
            Bind = values.Text("bind", options.Bind),
            Port = values.Integer("port", options.Port),
            DataPort = values.Integer("data-port", options.DataPort),
            SeedNodes = [.. values.List("seed-nodes").Select(SeedNode.Parse)],
            Coordinators = values.Integer("coordinators", options.Coordinators),
            Failover = values.Choice<FailoverProfile>("failover", values.Text("failover", JobNames.Of(options.Failover))),
            Threads = values.Integer("threads", options.Threads),
            BlobDirectory = values.Path("blob-directory", options.BlobDirectory),
            SecretFile = values.Path("secret-file", options.SecretFile),
            Tls = tls,
        };
    }

    /// <summary>The values found, by key.</summary>
    private sealed record Values(Dictionary<string, IReadOnlyList<string>> Found, string Source, string Directory)
    {
        public IReadOnlyList<string> List(string key) => Found.TryGetValue(key, out var items) ? items : [];

        public string Text(string key, string otherwise) => Found.TryGetValue(key, out var items) ? string.Join(",", items) : otherwise;

        public NodeRoles Roles(string key)
        {
            var roles = NodeRoles.None;
            foreach (var name in List(key))
                roles |= NodeRoleNames.TryParse(name, out var role) ? role : throw new InvalidInputException($"{Source}: {key} has '{name}', and a role is one of {string.Join(", ", NodeRoleNames.All)}.");
            return roles;
        }

        public string Path(string key, string otherwise)
        {
            var path = Text(key, otherwise);
            return path.Length == 0 ? "" : System.IO.Path.GetFullPath(path, Directory);
        }

        public int Integer(string key, int otherwise)
        {
            var text = Text(key, "");
            if (text.Length == 0)
                return otherwise;
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : throw new InvalidInputException($"{Source}: {key} is '{text}', and it is a whole number.");
        }

        public T Choice<T>(string key, string text)
            where T : struct, Enum =>
            JobNames.All<T>().Contains(text, StringComparer.Ordinal) ? JobNames.Parse<T>(text) : throw new InvalidInputException($"{Source}: {key} is '{text}', and it is one of {string.Join(", ", JobNames.All<T>())}.");
    }
}
