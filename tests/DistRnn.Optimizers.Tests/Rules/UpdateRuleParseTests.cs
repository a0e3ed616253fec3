using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Optimizers.Tests;

public sealed class UpdateRuleParseTests
{
    [Theory]
    [InlineData("sgd", "sgd")]
    [InlineData(" momentum ", "momentum(0.9)")]
    [InlineData("nesterov(0.95)", "nesterov(0.95)")]
    [InlineData("adagrad()", "adagrad")]
    [InlineData("rmsprop", "rmsprop(0.99,1e-8)")]
    [InlineData("rmsprop(0.9)", "rmsprop(0.9,1e-8)")]
    [InlineData("adam", "adam(0.9,0.999,1e-8)")]
    [InlineData("adam( 0.5 , 0.9 )", "adam(0.5,0.9,1e-8)")]
    [InlineData("adam(0.9,0.999,1e-6)", "adam(0.9,0.999,1e-6)")]
    [InlineData("adamw", "adamw(0.01)")]
    [InlineData("adamw(0)", "adamw(0)")]
    public void Parse_WhatIsAllowed_SpellsItOut(string text, string expected) => Assert.Equal(expected, UpdateRule.Parse(text).ToString());

    [Theory]
    [InlineData("adm", "'adm'", "sgd, momentum(0.9)")]
    [InlineData("", "''", "adamw(0.01)")]
    [InlineData("Adam", "'Adam'", "adam(0.9,0.999,1e-8)")]
    [InlineData("sgd(0.9)", "1 arguments", "'sgd' takes 0")]
    [InlineData("adam(0.9,0.999,1e-8,1)", "4 arguments", "takes 3 at most")]
    [InlineData("momentum(1)", "the momentum is '1'", "from 0 to below 1")]
    [InlineData("momentum(nan)", "'nan'", "from 0 to below 1")]
    [InlineData("momentum(0.9", "brackets", "momentum(0.9)")]
    [InlineData("momentum(0.9)x", "brackets", "momentum(0.9)")]
    [InlineData("adam(0.9,,1e-8)", "beta2 is ''", "below 1")]
    [InlineData("rmsprop(0.99,0)", "epsilon is '0'", "1e-30")]
    [InlineData("adamw(-1)", "the decay is '-1'", "from 0")]
    public void Parse_WhatIsNotAllowed_NamesKeyFoundAndAllowed(string text, string found, string allowed)
    {
        var message = Assert.Throws<InvalidInputException>(() => UpdateRule.Parse(text)).Message;
        Assert.Contains("training.optimizer", message, StringComparison.Ordinal);
        Assert.Contains(found, message, StringComparison.Ordinal);
        Assert.Contains(allowed, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_NegativeDecay_NamesTheKey() =>
        Assert.Contains("training.weight-decay is -0.1", Assert.Throws<InvalidInputException>(() => UpdateRule.Parse("sgd", -0.1)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("adamw", 0, 0.01)]
    [InlineData("adamw", 0.1, 0.1)]
    [InlineData("adamw(0.1)", 0.1, 0.1)]
    [InlineData("adamw(0.1)", 0, 0.1)]
    [InlineData("adam", 0.1, 0.1)]
    public void WeightDecay_FromArgumentOrKey_IsTheOneThatWasGiven(string text, double weightDecay, double expected) =>
        Assert.Equal(expected, UpdateRule.Parse(text, weightDecay).WeightDecay);

    [Fact]
    public void Parse_AdamWWithTwoDecays_IsRefused() =>
        Assert.Contains("two decays", Assert.Throws<InvalidInputException>(() => UpdateRule.Parse("adamw(0.01)", 0.1)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("sgd", "")]
    [InlineData("momentum", "momentum_buffer")]
    [InlineData("nesterov", "momentum_buffer")]
    [InlineData("adagrad", "sum")]
    [InlineData("rmsprop", "square_avg")]
    [InlineData("adam", "exp_avg exp_avg_sq")]
    [InlineData("adamw", "exp_avg exp_avg_sq")]
    public void StateNames_OfARule_AreTorchs(string text, string expected)
    {
        var rule = UpdateRule.Parse(text);
        Assert.Equal(expected, string.Join(' ', rule.StateNames));
        Assert.Equal(rule.StateNames.Length, rule.StateCount);
    }
}
