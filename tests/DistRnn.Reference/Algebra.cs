namespace DistRnn.Reference;

/// <summary>The three loops that everything is made of, for a matrix [rows, columns] stored row by row.</summary>
internal static class Algebra
{
    /// <summary>y += W x.</summary>
    public static void AddProduct(double[] w, double[] x, double[] y)
    {
        for (var row = 0; row < y.Length; row++)
            for (var column = 0; column < x.Length; column++)
                y[row] += w[row * x.Length + column] * x[column];
    }

    /// <summary>x += W^T y.</summary>
    public static void AddTransposedProduct(double[] w, double[] y, double[] x)
    {
        for (var row = 0; row < y.Length; row++)
            for (var column = 0; column < x.Length; column++)
                x[column] += w[row * x.Length + column] * y[row];
    }

    /// <summary>G += y x^T.</summary>
    public static void AddOuterProduct(double[] y, double[] x, double[] g)
    {
        for (var row = 0; row < y.Length; row++)
            for (var column = 0; column < x.Length; column++)
                g[row * x.Length + column] += y[row] * x[column];
    }

    /// <summary>y += x.</summary>
    public static void Add(double[] x, double[] y)
    {
        for (var i = 0; i < y.Length; i++)
            y[i] += x[i];
    }

    /// <summary>1 / (1 + e^-x).</summary>
    public static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
