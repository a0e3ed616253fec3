using Xunit;

namespace DistRnn.Numerics.Tests;

public sealed class ComputeTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void Barrier_ManyPhases_LetsNoThreadSeeAnOlderPhase(int threads)
    {
        const int Phases = 40;
        using var team = new ComputeTeam(threads);
        var marks = new int[threads];
        var wrong = 0;
        team.Run(thread =>
        {
            for (var phase = 1; phase <= Phases; phase++)
            {
                Volatile.Write(ref marks[thread], phase);
                team.Barrier();
                for (var other = 0; other < threads; other++)
                {
                    if (Volatile.Read(ref marks[other]) != phase)
                        Interlocked.Increment(ref wrong);
                }
                team.Barrier();
            }
        });
        Assert.Equal(0, wrong);
        Assert.All(marks, mark => Assert.Equal(Phases, mark));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(8, 3)]
    public void Run_OneThreadFails_RethrowsItsErrorAndGoesOnAfterwards(int threads, int failing)
    {
        using var team = new ComputeTeam(threads);
        for (var repeat = 0; repeat < 3; repeat++)
        {
            var error = Assert.Throws<FormatException>(() => team.Run(thread =>
            {
                team.Barrier();
                if (thread == failing)
                    throw new FormatException("broken");
                team.Barrier();
            }));
            Assert.Equal("broken", error.Message);
            var count = 0;
            team.Run(_ =>
            {
                team.Barrier();
                Interlocked.Increment(ref count);
                team.Barrier();
            });
            Assert.Equal(threads, count);
        }
    }

    [Fact]
    public void Run_KeptBody_AllocatesNothing()
    {
        using var team = new ComputeTeam(2);
        Action<int> body = _ => team.Barrier();
        for (var i = 0; i < 50; i++)
            team.Run(body);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 50; i++)
            team.Run(body);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(3, 10)]
    [InlineData(8, 3)]
    [InlineData(4, 0)]
    public void PartOf_AllThreads_CoversEverythingOnceAndEvenly(int threads, int count)
    {
        using var team = new ComputeTeam(threads);
        var next = 0;
        for (var thread = 0; thread < threads; thread++)
        {
            var (start, end) = team.PartOf(thread, count);
            Assert.Equal(next, start);
            Assert.InRange(end - start, count / threads, (count + threads - 1) / threads);
            next = end;
        }
        Assert.Equal(count, next);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(257)]
    public void New_ThreadsOutOfRange_Throws(int threads) => Assert.Throws<ArgumentOutOfRangeException>(() => new ComputeTeam(threads));

    [Fact]
    public void Run_AfterDispose_Throws()
    {
        var team = new ComputeTeam(2);
        team.Dispose();
        team.Dispose();
        Assert.Throws<ObjectDisposedException>(() => team.Run(_ => { }));
    }
}
