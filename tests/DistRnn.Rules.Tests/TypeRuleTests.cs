using System.Reflection;
using System.Runtime.CompilerServices;
using Xunit;

namespace DistRnn.Rules.Tests;

/// <summary>How types are named and closed; one word per concept.</summary>
public sealed class TypeRuleTests
{
    /// <summary>Words that have another in the glossary, or none because they say nothing.</summary>
    private static readonly (string Word, string Instead)[] s_otherWords =
    [
        ("Minibatch", "Batch"), ("MiniBatch", "Batch"), ("Iteration", "Step"), ("Config", "Options"), ("Settings", "Options"), ("Vocab", "Vocabulary"),
        ("Hyperparameter", "Options"), ("Master", "Coordinator"), ("Slave", "Worker"), ("Chunklet", "Shard"), ("Hash256", "Fingerprint"),
    ];

    public static TheoryData<string> SourceProjects => [.. Repository.SourceProjects];

    /// <summary>Whether a name ends in a word that tells a reader nothing.</summary>
    public static bool SaysNothing(string name) =>
        new[] { "Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities", "Base" }.Any(word => name.EndsWith(word, StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void Names_OfTypes_SayWhatTheThingIs(string project) =>
        Assert.All(TypesOf(project), type => Assert.False(SaysNothing(NameOf(type)), $"{type.FullName}: not Manager, Helper, Utils or Base."));

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void Names_OfTypes_UseTheWordsOfTheGlossary(string project)
    {
        foreach (var type in TypesOf(project))
        {
            foreach (var (word, instead) in s_otherWords)
            {
                var rest = NameOf(type).Replace(instead, "", StringComparison.Ordinal);
                Assert.False(rest.Contains(word, StringComparison.Ordinal), $"{type.FullName}: the word here is {instead}, not {word}.");
            }
        }
    }

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void Classes_OfEveryKind_AreSealedStaticOrAbstract(string project) =>
        Assert.All(TypesOf(project).Where(type => type.IsClass), type => Assert.True(type.IsSealed || type.IsAbstract || HasHeirs(type), $"{type.FullName} is open, and nothing derives from it."));

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void Options_OfEveryKind_AreRecords(string project) =>
        Assert.All(TypesOf(project).Where(type => NameOf(type).EndsWith("Options", StringComparison.Ordinal)), type => Assert.True(IsRecord(type), $"{type.FullName} is not a record."));

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void PublicTypes_OfAProject_StandInItsNamespace(string project) =>
        Assert.All(TypesOf(project).Where(type => type.IsPublic), type => Assert.Equal(project, type.Namespace));

    private static Type[] TypesOf(string project)
    {
        var types = SourceAssembly.Load(project).GetTypes().Where(type => !IsGenerated(type)).ToArray();
        Assert.NotEmpty(types);
        return types;
    }

    private static bool HasHeirs(Type type) => type.Assembly.GetTypes().Any(other => other.BaseType == type || (other.BaseType is { IsGenericType: true } generic && generic.GetGenericTypeDefinition() == type));

    private static bool IsRecord(Type type) => type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public) is not null;

    private static bool IsGenerated(Type type)
    {
        for (var t = type; t is not null; t = t.DeclaringType!)
        {
            if (t.Name.Contains('<', StringComparison.Ordinal) || t.IsDefined(typeof(CompilerGeneratedAttribute), false) || t.Namespace?.StartsWith("DistRnn", StringComparison.Ordinal) == false)
                return true;
        }
        return false;
    }

    private static string NameOf(Type type) => type.Name.Split('`')[0];
}
