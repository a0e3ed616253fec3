namespace DistRnn.Optimizers;

/// <summary>The update rules. p is a parameter, g its gradient times the factor, with weight-decay * p added except in <see cref="AdamW"/>.</summary>
public enum UpdateRuleKind
{
    /// <summary>p -= rate * g.</summary>
    Sgd,

    /// <summary>v = mu * v + g; p -= rate * v. Polyak's momentum without dampening, as PyTorch has it.</summary>
    Momentum,

    /// <summary>v = mu * v + g; p -= rate * (g + mu * v). Nesterov's momentum in PyTorch's form (Sutskever and others 2013).</summary>
    Nesterov,

    /// <summary>s = s + g^2; p -= rate * g / (sqrt(s) + 1e-10). Duchi, Hazan and Singer 2011.</summary>
    AdaGrad,

    /// <summary>s = alpha * s + (1 - alpha) * g^2; p -= rate * g / (sqrt(s) + epsilon). Hinton's lecture 6e of 2012, not centred.</summary>
    RmsProp,

    /// <summary>
    /// m = m + (1 - beta1) * (g - m); v = beta2 * v + (1 - beta2) * g^2;
    /// p -= rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon). Kingma and Ba 2015.
    /// </summary>
    Adam,

    /// <summary>p *= 1 - rate * decay, then Adam without decay in g. Loshchilov and Hutter 2019.</summary>
    AdamW,
}
