using System.Buffers;
using System.Globalization;
using System.Text.Json;
using DistRnn.Formats;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>
/// The file <c>nodes.json</c> of a run: a row for each node that took part, with roles, process and address. A node that is gone stays listed, with the time
/// when it was missed; the coordinator in charge is marked. What is known before there is a file to write is remembered. Thread-safe.
/// </summary>
/// <param name="clock">Where times come from.</param>
internal sealed class NodesFile(TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<NodeId, (MemberFacts Member, DateTimeOffset? Left)> _nodes = [];
    private string? _path;
    private NodeId? _inCharge;

    /// <summary>Writes the file from now on.</summary>
    /// <param name="path">The file.</param>
    /// <param name="inCharge">The coordinator in charge.</param>
    public void WriteTo(string path, NodeId inCharge)
    {
        lock (_lock)
        {
            (_path, _inCharge) = (path, inCharge);
            Write();
        }
    }

    /// <summary>Writes the file no longer: this node is not in charge any more.</summary>
    public void StopWriting()
    {
        lock (_lock)
            (_path, _inCharge) = (null, null);
    }

    /// <summary>Notes what is said of a node, and writes the file.</summary>
    /// <param name="member">The node.</param>
    /// <param name="status">What is said.</param>
    public void Take(MemberFacts member, MemberStatus status)
    {
        lock (_lock)
        {
            var left = status is MemberStatus.Unreachable or MemberStatus.Removed ? _nodes.GetValueOrDefault(member.Id).Left ?? clock.GetUtcNow() : (DateTimeOffset?)null;
            _nodes[member.Id] = (member, left);
            Write();
        }
    }

    /// <summary>Notes that the run is over: every node has left it.</summary>
    public void End()
    {
        lock (_lock)
        {
            foreach (var (id, (member, left)) in _nodes.ToArray())
                _nodes[id] = (member, left ?? clock.GetUtcNow());
            Write();
        }
    }

    private void Write()
    {
        if (_path is not { } path)
            return;
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var (member, left) in _nodes.Values)
                Write(json, member, left, member.Id == _inCharge);
            json.WriteEndArray();
        }
        try
        {
            AtomicFile.Write(path, buffer.WrittenMemory);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The run goes on without the list; what it cannot do without says so itself.
        }
    }

    private static void Write(Utf8JsonWriter json, MemberFacts member, DateTimeOffset? left, bool isInCharge)
    {
        json.WriteStartObject();
        json.WriteStartArray("roles");
        foreach (var role in NodeRoleNames.Of(member.Roles))
            json.WriteStringValue(role);
        json.WriteEndArray();
        if (isInCharge)
            json.WriteBoolean("in_charge", true);
        json.WriteNumber("pid", member.ProcessId);
        json.WriteString("address", FormattableString.Invariant($"{member.Address.Host}:{member.Address.Port}"));
        if (left is { } time)
            json.WriteString("left", time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        else
            json.WriteNull("left");
        json.WriteEndObject();
    }
}
