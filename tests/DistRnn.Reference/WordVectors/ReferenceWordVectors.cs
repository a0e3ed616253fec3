namespace DistRnn.Reference;

/// <summary>A decision that a context has to make: a row of out.weight, whether the answer is yes, and what it counts.</summary>
/// <param name="Row">The row.</param>
/// <param name="IsYes">Whether the answer is yes.</param>
/// <param name="Weight">What it counts.</param>
public readonly record struct ReferenceDecision(int Row, bool IsYes, double Weight);

/// <summary>A context (the mean of its words' vectors) and its decisions. Skip-gram has contexts of one word.</summary>
/// <param name="Words">The words.</param>
/// <param name="Decisions">The decisions.</param>
public sealed record ReferenceContext(IReadOnlyList<int> Words, IReadOnlyList<ReferenceDecision> Decisions);

/// <summary>Word vectors one decision after another: -w log s(u.v) where the answer is yes, -w log s(-u.v) where it is no.</summary>
/// <param name="dimensions">Elements of a vector.</param>
/// <param name="values">in.weight [V, D] and out.weight [R, D].</param>
public sealed class ReferenceWordVectors(int dimensions, IReadOnlyDictionary<string, double[]> values)
{
    /// <summary>The loss, and the gradient of both tensors.</summary>
    /// <param name="contexts">The contexts.</param>
    public (double Loss, Dictionary<string, double[]> Gradients) Compute(IEnumerable<ReferenceContext> contexts)
    {
        ArgumentNullException.ThrowIfNull(contexts);
        var parameters = new ParameterSet(values);
        var input = new Embedding(values["in.weight"].Length / dimensions, dimensions, parameters, "in.weight");
        var output = new Embedding(values["out.weight"].Length / dimensions, dimensions, parameters, "out.weight");
        return (contexts.Sum(context => Add(context, input, output)), parameters.Gradients);
    }

    private double Add(ReferenceContext context, Embedding input, Embedding output)
    {
        var (mean, meanGradient, loss) = (new double[dimensions], new double[dimensions], 0.0);
        foreach (var word in context.Words)
            Algebra.Add(input.Forward(word), mean);
        for (var i = 0; i < dimensions; i++)
            mean[i] /= context.Words.Count;
        foreach (var decision in context.Decisions)
        {
            var (row, score) = (output.Forward(decision.Row), 0.0);
            for (var i = 0; i < dimensions; i++)
                score += row[i] * mean[i];
            var sign = decision.IsYes ? 1 : -1;
            loss -= decision.Weight * Math.Log(Algebra.Sigmoid(sign * score));
            var error = -sign * decision.Weight * (1 - Algebra.Sigmoid(sign * score));
            for (var i = 0; i < dimensions; i++)
                meanGradient[i] += error * row[i];
            output.Backward(decision.Row, [.. mean.Select(x => error * x)]);
        }
        foreach (var word in context.Words)
            input.Backward(word, [.. meanGradient.Select(x => x / context.Words.Count)]);
        return loss;
    }
}
