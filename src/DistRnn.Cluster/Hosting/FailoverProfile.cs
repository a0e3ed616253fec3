namespace DistRnn.Cluster;

/// <summary>How soon a node that does not answer is given up; the files under cluster-config/failover say what each one sets.</summary>
public enum FailoverProfile
{
    /// <summary>The default, for machines in one building: a coordinator is replaced in about fifteen seconds.</summary>
    Balanced,

    /// <summary>For one machine or one room: a coordinator is replaced in about seven seconds.</summary>
    Fast,

    /// <summary>For virtual machines that pause: a coordinator is replaced in about forty seconds.</summary>
    Cloud,
}
