using System.CommandLine;
using DistRnn.Numerics;
using DistRnn.Training;
using Spectre.Console;

namespace DistRnn.Cli;

/// <summary><c>distrnn neighbors RUN WORD ...</c>: the words nearest to words, or to sums of them such as <c>king - man + woman</c>.</summary>
internal sealed class NeighborsCommand(Terminal terminal)
{
    private const int CountDefault = 10;

    private readonly RunArguments _run = new();
    private readonly Argument<string[]> _words = new("WORD")
    {
        Description = "Words; those that + or - joins are one question",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<int> _count = new("--count") { Description = "How many words to show", HelpName = "N", DefaultValueFactory = _ => CountDefault };
    private readonly Option<bool> _json = JsonOption.Create();

    internal static Command Create(Terminal terminal)
    {
        var neighbors = new NeighborsCommand(terminal);
        var command = new Command("neighbors", "Show the words that are nearest to words or to sums of words, such as king - man + woman");
        neighbors._run.AddTo(command);
        command.Arguments.Add(neighbors._words);
        command.Options.Add(neighbors._count);
        command.Options.Add(neighbors._json);
        command.SetAction(neighbors.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var count = parsed.GetValue(_count);
        if (count is < 1 or > 10_000)
            throw new InvalidInputException($"--count is {count}; allowed is 1 to 10000.");
        var questions = WordQuestion.Parse(string.Join(' ', parsed.GetRequiredValue(_words)));
        using var model = _run.Open(parsed);
        using var words = new WordNeighbors(model);
        var answers = questions.Select(question => (Question: question.ToString(), Near: words.Nearest(question, count))).ToArray();
        var console = Consoles.Of(terminal.Output, terminal.IsOutputLive);
        foreach (var (question, near) in answers)
            console.Write(TableOf(question, near));
        if (parsed.GetValue(_json))
            terminal.Output.WriteLine(JsonOf(answers));
        return ExitCodes.Done;
    }

    private static Table TableOf(string question, IReadOnlyList<NearWord> near)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn(Markup.Escape(question)).AddColumn(new TableColumn("cosine").RightAligned());
        foreach (var word in near)
            table.AddRow(Markup.Escape(word.Word), Figures.Metric(word.Similarity));
        return table;
    }

    private static string JsonOf(IEnumerable<(string Question, IReadOnlyList<NearWord> Near)> answers) => JsonLine.Of(json =>
    {
        json.WriteStartArray("neighbors");
        foreach (var (question, near) in answers)
        {
            json.WriteStartObject();
            json.WriteString("question", question);
            json.WriteStartArray("words");
            foreach (var word in near)
            {
                json.WriteStartObject();
                json.WriteString("word", word.Word);
                JsonLine.WriteFigure(json, "similarity", word.Similarity);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
