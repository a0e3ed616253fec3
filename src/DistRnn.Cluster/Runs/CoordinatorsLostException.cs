namespace DistRnn.Cluster;

/// <summary>So many coordinators of a run were lost that those which are left are no majority: the run cannot be taken over.</summary>
internal sealed class CoordinatorsLostException : Exception
{
    public CoordinatorsLostException()
    {
    }

    public CoordinatorsLostException(string message)
        : base(message)
    {
    }

    public CoordinatorsLostException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
