using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>
/// How an event stands in <c>ledger.db</c>: its kind in kebab-case, and what it says beside its place as a JSON object with keys in snake_case. Numbers are
/// written so that they read back to the same bits; those that are not finite are the texts <c>"NaN"</c>, <c>"Infinity"</c> and <c>"-Infinity"</c>.
/// </summary>
/// <remarks>Events may get further keys, with defaults; what is written never changes its name or meaning.</remarks>
internal static class LedgerJson
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutThePlace } },
    };

    private static readonly FrozenDictionary<string, Type> s_types = typeof(LedgerEvent).Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(LedgerEvent)))
        .ToFrozenDictionary(type => JsonNamingPolicy.KebabCaseLower.ConvertName(type.Name), StringComparer.Ordinal);

    private static readonly FrozenDictionary<Type, string> s_kinds = s_types.ToFrozenDictionary(pair => pair.Value, pair => pair.Key);

    /// <summary>All kinds, in ordinal order.</summary>
    public static ImmutableArray<string> Kinds { get; } = [.. s_types.Keys.Order(StringComparer.Ordinal)];

    /// <summary>The kind of a type of event.</summary>
    public static string KindOf(Type type) => s_kinds[type];

    /// <summary>The keys of a kind's body, in order.</summary>
    public static ImmutableArray<string> KeysOf(string kind) =>
    [
        .. s_types[kind].GetConstructors(BindingFlags.Instance | BindingFlags.Public).MaxBy(constructor => constructor.GetParameters().Length)!
            .GetParameters().Select(parameter => JsonNamingPolicy.SnakeCaseLower.ConvertName(parameter.Name!)),
    ];

    /// <summary>An event's body.</summary>
    public static string BodyOf(LedgerEvent entry) => JsonSerializer.Serialize(entry, entry.GetType(), s_options);

    /// <summary>The event of a row.</summary>
    /// <exception cref="JsonException">The body is not one of this kind, or there is no such kind.</exception>
    public static LedgerEvent Read(string kind, string body, LedgerPlace place)
    {
        if (!s_types.TryGetValue(kind, out var type))
            throw new JsonException($"there is no kind of event '{kind}'; there are {string.Join(", ", Kinds)}");
        var entry = (LedgerEvent?)JsonSerializer.Deserialize(body, type, s_options) ?? throw new JsonException("the body is null");
        return entry with { At = place };
    }

    private static void LeaveOutThePlace(JsonTypeInfo type)
    {
        if (!type.Type.IsSubclassOf(typeof(LedgerEvent)))
            return;
        for (var i = type.Properties.Count - 1; i >= 0; i--)
        {
            if (type.Properties[i].PropertyType == typeof(LedgerPlace))
                type.Properties.RemoveAt(i);
        }
    }
}
