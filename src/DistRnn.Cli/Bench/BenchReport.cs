namespace DistRnn.Cli;

/// <summary>What <c>bench</c> says, as its JSON has it in snake case.</summary>
/// <param name="Cpu">The processor's name.</param>
/// <param name="VectorBits">Bits of a vector in use; 32 for one float at a time.</param>
/// <param name="Cores">Logical processors of the machine.</param>
/// <param name="PeakGflops">Fused multiply-adds of one core, registers only, counted as two operations each, in 10^9 a second.</param>
/// <param name="Kernels">The matrix products.</param>
/// <param name="Layers">Recurrent layers, forward and backward.</param>
/// <param name="LanguageModel">Whole training steps of a language model.</param>
/// <param name="WordVectors">Training steps of word vectors.</param>
/// <param name="DataPlane">Transfers of floats into another's memory.</param>
internal sealed record BenchReport(
    string Cpu, int VectorBits, int Cores, double PeakGflops, IReadOnlyList<KernelFigures> Kernels, IReadOnlyList<LayerFigures> Layers,
    IReadOnlyList<LanguageModelFigures> LanguageModel, IReadOnlyList<WordVectorSpeed> WordVectors, IReadOnlyList<DataPlaneFigures> DataPlane);

/// <summary>A matrix product on one core.</summary>
/// <param name="Name">Which one.</param>
/// <param name="Shape">Rows x depth x columns.</param>
/// <param name="Gflops">10^9 operations a second.</param>
/// <param name="OfPeak">The share of the core's peak, measured beside it.</param>
internal sealed record KernelFigures(string Name, string Shape, double Gflops, double OfPeak);

/// <summary>A recurrent layer or stack.</summary>
/// <param name="Cell">lstm, lstm-peephole, gru, gru-textbook or rnn.</param>
/// <param name="Batch">Sequences.</param>
/// <param name="Window">Steps.</param>
/// <param name="Input">Inputs.</param>
/// <param name="Hidden">Units.</param>
/// <param name="Layers">Layers.</param>
/// <param name="Threads">Threads.</param>
/// <param name="ForwardGflops">Forward; 10^9 operations a second of matrix products only.</param>
/// <param name="ForwardBackwardGflops">Forward and backward, the transposes of the weights included.</param>
/// <param name="OfPeak">The share of forward and backward in the peak of the cores used, measured beside it.</param>
internal sealed record LayerFigures(
    string Cell, int Batch, int Window, int Input, int Hidden, int Layers, int Threads, double ForwardGflops, double ForwardBackwardGflops, double OfPeak);

/// <summary>A training step of a language model with everything in it: embedding, two LSTM layers, softmax, clipping, update.</summary>
/// <param name="Hidden">Units of each layer, and of the embedding.</param>
/// <param name="Batch">Lanes.</param>
/// <param name="Window">Steps.</param>
/// <param name="Vocabulary">Classes.</param>
/// <param name="Threads">Threads.</param>
/// <param name="TokensPerSecond">Tokens trained on in a second.</param>
/// <param name="AllocatedBytesPerStep">Managed bytes allocated in a step by all threads.</param>
/// <param name="Gflops">10^9 operations a second of matrix products only.</param>
/// <param name="OfPeak">Their share in the peak of the cores used, measured beside it.</param>
internal sealed record LanguageModelFigures(
    int Hidden, int Batch, int Window, int Vocabulary, int Threads, double TokensPerSecond, double AllocatedBytesPerStep, double Gflops, double OfPeak);

/// <summary>Training steps of word vectors: skip-gram, 5 negatives, window 5.</summary>
/// <param name="Dimensions">Floats of a vector.</param>
/// <param name="Threads">Threads.</param>
/// <param name="WordsPerSecond">Words of the text, those that subsampling leaves out included, in a second.</param>
internal sealed record WordVectorSpeed(int Dimensions, int Threads, double WordsPerSecond);

/// <summary>A way to move floats into another's memory.</summary>
/// <param name="Path">in-process (a copy), tcp (the data plane over loopback) or loopback (a plain loop over a socket).</param>
/// <param name="MegabytesPerSecond">10^6 bytes a second, one connection.</param>
/// <param name="OfLoopback">The share of the plain loop's rate, measured beside it.</param>
internal sealed record DataPlaneFigures(string Path, double MegabytesPerSecond, double OfLoopback);
