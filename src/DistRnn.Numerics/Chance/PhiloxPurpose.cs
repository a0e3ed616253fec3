namespace DistRnn.Numerics;

/// <summary>What random numbers are for. Numbers of different purposes have nothing to do with one another; the values are part of every run's bits and never change.</summary>
public enum PhiloxPurpose
{
    /// <summary>Initial parameters; the index is the element's position in PyTorch's order.</summary>
    Initialize = 1,

    /// <summary>Which units are dropped.</summary>
    Dropout = 2,

    /// <summary>Which words become the unknown word.</summary>
    WordDropout = 3,

    /// <summary>The order of the training sequences; the step is the epoch.</summary>
    Shuffle = 4,

    /// <summary>Which examples go to which part of the data.</summary>
    Split = 5,

    /// <summary>Sampling from a trained model.</summary>
    Generate = 6,

    /// <summary>Negative samples of word vectors.</summary>
    NegativeSampling = 7,

    /// <summary>Which frequent words are left out.</summary>
    Subsample = 8,

    /// <summary>How far the window of a word vector's context reaches.</summary>
    Window = 9,

    /// <summary>Which lease is copied where several are equally slow.</summary>
    Speculation = 10,

    /// <summary>Data that is made rather than read, such as the built-in jobs' sequences.</summary>
    Synthesize = 11,

    /// <summary>Faults of a simulation.</summary>
    Faults = 12,

    /// <summary>Which shards are computed twice to compare.</summary>
    Verification = 13,
}
