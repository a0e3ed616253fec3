namespace DistRnn.Models.Tests;

public sealed class WordVectorSpaceTests
{
    [Fact]
    public void Nearest_RandomVectors_AreThoseOfThePlainLoop()
    {
        const int Words = 150;
        const int Dimensions = 7;
        var random = new Random(3);
        var vectors = new float[Words * Dimensions];
        GarbageFloats.Fill(vectors, random);
        using var space = new WordVectorSpace(vectors, Dimensions, [.. Enumerable.Range(2, Words - 2)]);
        var queries = new float[100 * Dimensions];
        GarbageFloats.Fill(queries, random);
        var excluded = Enumerable.Range(0, 300).Select(_ => 2 + random.Next(Words - 2)).ToArray();
        var nearest = new int[100];

        space.NearestOfEach(queries, excluded, nearest);

        for (var i = 0; i < 100; i++)
        {
            var query = queries.AsSpan(i * Dimensions, Dimensions).ToArray();
            var own = excluded.AsSpan(3 * i, 3).ToArray();
            var expected = Enumerable.Range(2, Words - 2).Except(own).OrderByDescending(word => Cosine(query, vectors.AsSpan(word * Dimensions, Dimensions).ToArray())).ToArray();
            Assert.Equal(expected[0], nearest[i]);
            Assert.Equal(expected.Take(5), space.Nearest(query, own, 5).Select(near => near.Word));
            Assert.Equal(Cosine(query, vectors.AsSpan(expected[0] * Dimensions, Dimensions).ToArray()), space.Nearest(query, own, 1)[0].Similarity, 5);
        }
    }

    [Fact]
    public void Nearest_EquallyNear_HasTheLowerIdFirstAndZerosDoNoHarm()
    {
        using var space = new WordVectorSpace([0, 0, 1, 0, 2, 0, 0, 5], 2, [0, 1, 2, 3]);

        Assert.Equal([1, 2, 0, 3], space.Nearest([3, 0], [], 9).Select(near => near.Word));
        Assert.Equal(1, space.Similarity(1, 2), 6);
        Assert.Equal(0, space.Similarity(0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => space.Similarity(0, 4).ToString());
    }

    private static double Cosine(float[] a, float[] b) =>
        a.Zip(b, (x, y) => (double)x * y).Sum() / Math.Sqrt(a.Sum(x => (double)x * x) * b.Sum(x => (double)x * x));
}
