namespace DistRnn.Models;

/// <summary>How a decoder weighs the encoder's states m_s by its own state q: softmax over s of a score.</summary>
public enum AttentionKind
{
    /// <summary>No attention.</summary>
    None,

    /// <summary>q . m_s (Luong et al. 2015); both have as many units.</summary>
    Dot,

    /// <summary>q . m_s / sqrt(units of q) (Vaswani et al. 2017); both have as many units.</summary>
    ScaledDot,

    /// <summary>q . W m_s (Luong et al. 2015).</summary>
    General,

    /// <summary>v . tanh(W_q q + W_m m_s) (Bahdanau et al. 2015).</summary>
    Additive,
}
