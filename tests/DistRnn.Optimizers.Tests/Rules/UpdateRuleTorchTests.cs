using System.Globalization;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Optimizers.Tests;

/// <summary>Five steps from the same parameters and gradients as torch.optim (2.6, float64) after the first and the fifth;
/// float32 near 2 has steps of 2.4e-7, so 1e-6 is four of them.</summary>
public sealed class UpdateRuleTorchTests
{
    private static readonly float[] s_start = [0.5f, -1.25f, 0, 2, -0.03125f, 1e-3f];

    private static readonly float[][] s_gradients =
    [
        [0, 0.984375f, 0, -0.921875f, 0.5f, 0],
        [0.78125f, 0.515625f, 0, -0.28125f, 0.984375f, 0],
        [0.96875f, -0.34375f, 0, 0.578125f, 0.734375f, 0],
        [0.421875f, -0.953125f, -0.1875f, 1, -0.078125f, 0],
        [-0.4375f, -0.828125f, 0.65625f, 0.65625f, -0.828125f, 0],
    ];

    [Theory]
    [InlineData("sgd", 0, 0.1,
        "0.5 -1.3484375 0 2.0921875 -0.08125 0.001", "0.326562500 -1.1875 -0.046875 1.896875 -0.1625 0.001")]
    [InlineData("sgd", 0.01, 0.1,
        "0.4995 -1.3471875 0 2.0901875 -0.08121875 0.000999", "0.32453747633062446 -1.1808788229985347 -0.046893750000000005 1.8866580593007152 -0.16171035563926872 0.000995009990004999")]
    [InlineData("momentum(0.9)", 0, 0.1,
        "0.5 -1.3484375 0 2.0921875 -0.08125 0.001", "-0.067609375 -1.47337234375 -0.03 2.0619420312500005 -0.6758909375000001 0.001")]
    [InlineData("momentum", 0.01, 0.1,
        "0.4995 -1.3471875 0 2.0901875 -0.08121875 0.000999", "-0.07305069568507552 -1.4550526349174098 -0.03001875 2.03419994784354 -0.6734637939387563 0.0009868868803485991")]
    [InlineData("nesterov(0.9)", 0, 0.1,
        "0.5 -1.43703125 0 2.17515625 -0.12625 0.001", "-0.18428593750000005 -1.388535109375 -0.073875 1.952622828125 -0.74267684375 0.001")]
    [InlineData("adagrad", 0, 0.1,
        "0.5 -1.3499999999898413 0 2.0999999999891523 -0.13124999998 0.001", "0.3216430373066881 -1.2552306057719838 0.0038476051966724184 1.9712862469307582 -0.2170038307628788 0.001")]
    [InlineData("adagrad", 0.01, 0.1,
        "0.40000000199999997 -1.3499999999897105 0 2.099999999988912 -0.1312499999799875 -0.09899900000999991",
        "0.22143054340571508 -1.2516681833613388 0.003836570564143771 1.9654800196529383 -0.21651828842656187 -9.98424970241734e-10")]
    [InlineData("rmsprop(0.99,1e-8)", 0, 0.01,
        "0.5 -1.349999989841271 0 2.0999999891525434 -0.13124998000000396 0.001", "0.3216097534567026 -1.2541936391952342 0.0038112615277541284 1.9702136885120127 -0.21673173599167414 0.001")]
    [InlineData("rmsprop(0.9,1e-3)", 0, 0.01,
        "0.5 -1.2815215146014918 0 2.0315146728501756 -0.06267403356302631 0.001", "0.4437109230451788 -1.2482412271161298 0.0007181332821296661 1.9874277776575928 -0.08879131926724929 0.001")]
    [InlineData("adam", 0, 0.01,
        "0.5 -1.2599999998984126 0 2.0099999998915252 -0.041249999800000006 0.001", "0.4703388204985395 -1.2709427279073928 0.0019148431195955369 2.0145405006830077 -0.07090805675291198 0.001")]
    [InlineData("adam(0.8,0.99,1e-4)", 0.01, 0.01,
        "0.49019607843137253 -1.259998971166954 0 2.0099988913218216 -0.0412479991496386 9.090909090909093e-05",
        "0.4600081307345726 -1.2668113087565076 0.001831989036225238 2.0100254341639037 -0.06927505941313704 -0.00025671891558426603")]
    [InlineData("adamw", 0, 0.01,
        "0.49995 -1.2598749998984127 0 2.0097999998915252 -0.0412468748 0.0009999", "0.4700936718057617 -1.270310077535722 0.0019142619912952859 2.0135338873115565 -0.07088281910719539 0.0009995000999900004")]
    [InlineData("adamw", 0.1, 0.01,
        "0.4995 -1.2587499998984126 0 2.0079999998915254 -0.0412187498 0.000999", "0.46789180081382564 -1.2646275456631313 0.0019090318365930226 2.004492426458211 -0.07065605007735837 0.000995009990004999")]
    public void Update_FiveSteps_GivesTheParametersOfTorch(string text, double weightDecay, double rate, string afterFirst, string afterFifth)
    {
        using var state = new OptimizerState(UpdateRule.Parse(text, weightDecay), s_start.Length);
        using var parameters = new FloatBuffer(s_start.Length);
        using var gradient = new FloatBuffer(s_start.Length);
        s_start.CopyTo(parameters.Span);
        for (var i = 0; i < s_gradients.Length; i++)
        {
            s_gradients[i].CopyTo(gradient.Span);
            var step = state.Prepare(rate, 1);
            state.Update(step, parameters, gradient, 0, s_start.Length);
            state.Commit(step);
            if (i == 0)
                AssertClose(afterFirst, parameters.Span);
        }
        AssertClose(afterFifth, parameters.Span);
    }

    private static void AssertClose(string expected, ReadOnlySpan<float> actual)
    {
        var figures = expected.Split(' ').Select(figure => double.Parse(figure, CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(figures.Length, actual.Length);
        for (var i = 0; i < figures.Length; i++)
            Assert.InRange(actual[i] - figures[i], -1e-6, 1e-6);
    }
}
