namespace DistRnn.Models;

/// <summary>Some rows of one LSTM panel: 16 units (the last panel fewer), their four gates side by side.</summary>
internal unsafe struct LstmPanel
{
    /// <summary>Units of the panel, U: 1 to 16. Gate g of unit u is column g * U + u.</summary>
    public int Units;

    /// <summary>[rows, 4 U]: sums that enter the gates, then the gates, then their gradients.</summary>
    public float* Gates;

    /// <summary>Floats from a row of gates to the next.</summary>
    public nint GateStride;

    /// <summary>c of the step before, [rows, 16].</summary>
    public float* PreviousCell;

    /// <summary>c, [rows, 16].</summary>
    public float* Cell;

    /// <summary>h, [rows, U].</summary>
    public float* State;

    /// <summary>Floats from a row of h to the next.</summary>
    public nint StateStride;

    /// <summary>dE/dh, [rows, U].</summary>
    public float* StateGradient;

    /// <summary>Floats from a row of dE/dh to the next.</summary>
    public nint GradientStride;

    /// <summary>dE/dc that comes from the step behind, and then that for the step before, [rows, 16].</summary>
    public float* CellGradient;

    /// <summary>The peepholes of the input, forget and output gates, [U]; null without.</summary>
    public float* PeepholeI, PeepholeF, PeepholeO;
}

/// <summary>Some rows of one GRU panel: 16 units (the last panel fewer), their three gates side by side.</summary>
internal unsafe struct GruPanel
{
    /// <summary>Units of the panel, U: 1 to 16. Gate g of unit u is column g * U + u.</summary>
    public int Units;

    /// <summary>[rows, 3 U]: what the inputs add to the gates, then the gates r z n, then their gradients.</summary>
    public float* Gates;

    /// <summary>Floats from a row of gates to the next.</summary>
    public nint GateStride;

    /// <summary>[rows, 3 U]: the gates' sums with the recurrent products, of which the third part is U_n h + b_hn alone.</summary>
    public float* Sums;

    /// <summary>Floats from a row of sums to the next.</summary>
    public nint SumStride;

    /// <summary>U_n h + b_hn, then its gradient, [rows, 16]; in the textbook form r * h before the step, [rows, U] with <see cref="CandidateStride"/>.</summary>
    public float* Candidate;

    /// <summary>Floats from a row of <see cref="Candidate"/> to the next.</summary>
    public nint CandidateStride;

    /// <summary>h of the step before, [rows, U].</summary>
    public float* PreviousState;

    /// <summary>h, [rows, U].</summary>
    public float* State;

    /// <summary>Floats from a row of h to the next.</summary>
    public nint StateStride;

    /// <summary>dE/dh, [rows, U].</summary>
    public float* StateGradient;

    /// <summary>dE/dh of the step before, to which is added, [rows, U]; null where the state before is an initial one.</summary>
    public float* PreviousGradient;

    /// <summary>Floats from a row of a state's gradient to the next.</summary>
    public nint GradientStride;

    /// <summary>What goes back through the recurrent weights, [rows, 3 U].</summary>
    public float* Backward;

    /// <summary>Floats from a row of <see cref="Backward"/> to the next.</summary>
    public nint BackwardStride;

    /// <summary>Textbook form: dE/d(r * h), [rows, U].</summary>
    public float* ResetGradient;

    /// <summary>Floats from a row of <see cref="ResetGradient"/> to the next.</summary>
    public nint ResetStride;
}

/// <summary>Some rows of one panel of a plain recurrent network: up to 64 units.</summary>
internal unsafe struct RnnPanel
{
    /// <summary>Units of the panel, 1 to 64.</summary>
    public int Units;

    /// <summary>[rows, U]: the sums u, then their gradients.</summary>
    public float* Sums;

    /// <summary>Floats from a row of sums to the next.</summary>
    public nint SumStride;

    /// <summary>z = f(u), [rows, U].</summary>
    public float* State;

    /// <summary>Floats from a row of z to the next.</summary>
    public nint StateStride;

    /// <summary>dE/dz, [rows, U].</summary>
    public float* StateGradient;

    /// <summary>Floats from a row of dE/dz to the next.</summary>
    public nint GradientStride;
}
