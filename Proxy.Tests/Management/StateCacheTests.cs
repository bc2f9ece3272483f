using FluentAssertions;
using NUnit.Framework;
using Proxy.Management.Storage;

namespace Proxy.Tests.Management;

[TestFixture]
internal sealed class StateCacheTests
{
    private readonly Queue<TaskCompletionSource<string?>> _reads = new([new(), new()]);
    private readonly StateCache<int, string> _cache;
    private int _loads;

    public StateCacheTests()
    {
        _cache = new StateCache<int, string>(_ =>
        {
            _loads++;
            return _reads.ElementAt(_loads - 1).Task;
        });
    }

    [Test]
    public async Task A_load_that_began_before_a_change_reads_again()
    {
        var loading = _cache.LoadAsync(1, missing: null);

        _cache.Change(1, loaded: null);
        _reads.ElementAt(0).SetResult("old");
        _reads.ElementAt(1).SetResult("new");

        (await loading).Should().Be("new");
        _cache.FindLoaded(1).Should().Be("new");
    }

    [Test]
    public async Task A_load_that_began_before_a_delete_finds_nothing()
    {
        var loading = _cache.LoadAsync(1, missing: null);

        _cache.Remove(1);
        _reads.ElementAt(0).SetResult("old");
        _reads.ElementAt(1).SetResult(null);

        (await loading).Should().BeNull();
        _cache.FindLoaded(1).Should().BeNull();
    }

    [Test]
    public async Task A_row_that_was_created_meanwhile_is_not_remembered_as_missing()
    {
        var missing = new List<int>();
        var loading = _cache.LoadAsync(1, missing.Add);

        _cache.Change(1, loaded: null);
        _reads.ElementAt(0).SetResult(null);
        _reads.ElementAt(1).SetResult("created");

        (await loading).Should().Be("created");
        missing.Should().BeEmpty();
    }

    [Test]
    public async Task Callers_that_ask_at_the_same_moment_share_a_look_up()
    {
        var first = _cache.LoadAsync(1, missing: null);
        var second = _cache.LoadAsync(1, missing: null);

        _reads.ElementAt(0).SetResult("row");

        (await first).Should().BeSameAs(await second);
        _loads.Should().Be(1);
    }

    [Test]
    public async Task A_look_up_that_failed_is_tried_again()
    {
        var failing = _cache.LoadAsync(1, missing: null);
        _reads.ElementAt(0).SetException(new InvalidOperationException("no disk"));
        _reads.ElementAt(1).SetResult("row");

        await failing.Invoking(task => task).Should().ThrowAsync<InvalidOperationException>();
        (await _cache.LoadAsync(1, missing: null)).Should().Be("row");
    }
}
