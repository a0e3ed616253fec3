using System.CommandLine;
using System.CommandLine.Parsing;
using DistRnn.Numerics;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary><c>distrnn init NAME</c>: writes a commented job file of a task, or that of a built-in job, to start from.</summary>
internal sealed class InitCommand(Terminal terminal)
{
    private readonly Argument<string?> _name = new("NAME")
    {
        Description = $"A task ({string.Join(", ", JobTemplates.Names)}) or the name of a built-in job",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<bool> _schema = new("--schema") { Description = "Print the JSON Schema of job files instead" };
    private readonly Option<string?> _output = new("--output") { Description = "The file to write (default: NAME.yaml)", HelpName = "FILE" };

    internal static Command Create(Terminal terminal)
    {
        var init = new InitCommand(terminal);
        var command = new Command("init", "Write a job file to start from") { init._name, init._schema, init._output };
        command.Validators.Add(init.Validate);
        command.SetAction(init.Run);
        return command;
    }

    private void Validate(CommandResult result)
    {
        if (result.GetValue(_schema) == (result.GetValue(_name) is not null))
            result.AddError($"init takes either NAME or --schema. NAME is a task ({string.Join(", ", JobTemplates.Names)}) or the name of a built-in job.");
    }

    private int Run(ParseResult parsed)
    {
        if (parsed.GetValue(_schema))
        {
            terminal.Output.WriteLine(JobSchemaDocument.Write().TrimEnd('\n'));
            return ExitCodes.Done;
        }

        var name = parsed.GetValue(_name)!;
        var text = BuiltInJobs.Find(name)?.Yaml ?? JobTemplates.Of(name);
        var file = parsed.GetValue(_output) ?? name + ".yaml";
        Write(file, text);
        terminal.Output.WriteLine($"{file} written; 'distrnn train {file}' trains it.");
        return ExitCodes.Done;
    }

    private static void Write(string file, string text)
    {
        if (Directory.Exists(file))
            throw new InvalidInputException($"{file} is a directory; a job is a file.");
        try
        {
            using var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
            using var writer = new StreamWriter(stream);
            writer.Write(text);
        }
        catch (IOException) when (File.Exists(file))
        {
            throw new InvalidInputException($"{file} exists and is left as it is. Move it away, or give another name with --output.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file} cannot be written: {error.Message}", error);
        }
    }
}
