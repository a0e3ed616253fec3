namespace DistRnn.Reference;

/// <summary>A table [V, E] whose row is read for a token, so that its gradient falls on the rows that were read.</summary>
public sealed class Embedding
{
    private readonly Parameter _weight;

    /// <summary>Finds its tensor.</summary>
    public Embedding(int vocabulary, int size, ParameterSet parameters, string name)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Size = size;
        _weight = parameters.Get(name, vocabulary * size);
    }

    /// <summary>Elements of a row, E.</summary>
    public int Size { get; }

    /// <summary>A token's row, [E].</summary>
    public double[] Forward(int token) => _weight.Value[(token * Size)..((token + 1) * Size)];

    /// <summary>Adds dE/d(row) to the gradient of a token's row.</summary>
    public void Backward(int token, ReadOnlySpan<double> row)
    {
        for (var i = 0; i < Size; i++)
            _weight.Gradient[token * Size + i] += row[i];
    }
}
