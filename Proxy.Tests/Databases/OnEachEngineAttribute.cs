using NUnit.Framework;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;
using NUnit.Framework.Internal.Builders;

namespace Proxy.Tests.Databases;

/// <summary>Which database the rows of a test are in.</summary>
internal enum Engine
{
    Sqlite,
    Postgres,
}

/// <summary>A fixture whose tests run on each database engine, or on those that it names. Where there is no PostgreSQL they are reported as skipped there.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
internal sealed class OnEachEngineAttribute(params Engine[] engines) : NUnitAttribute, IFixtureBuilder2
{
    public IEnumerable<TestSuite> BuildFrom(ITypeInfo typeInfo) => BuildFrom(typeInfo, new EveryMethod());

    public IEnumerable<TestSuite> BuildFrom(ITypeInfo typeInfo, IPreFilter filter)
    {
        foreach (var engine in engines.Length > 0 ? engines : Enum.GetValues<Engine>())
        {
            var suite = new NUnitTestFixtureBuilder().BuildFrom(typeInfo, filter);
            suite.Properties.Set(nameof(Engine), engine);
            if (engine == Engine.Postgres) Rename(suite);
            if (engine == Engine.Postgres && PostgresCluster.Missing is { } reason && suite.RunState == RunState.Runnable)
            {
                suite.RunState = RunState.Ignored;
                suite.Properties.Set(PropertyNames.SkipReason, reason);
            }

            yield return suite;
        }
    }

    private static void Rename(Test test)
    {
        test.Name += " on PostgreSQL";
        test.FullName += " on PostgreSQL";
        foreach (var child in test.Tests.OfType<Test>()) Rename(child);
    }

    private sealed class EveryMethod : IPreFilter
    {
        public bool IsMatch(Type type) => true;

        public bool IsMatch(Type type, System.Reflection.MethodInfo method) => true;
    }
}

/// <summary>The engine of the test that runs.</summary>
internal static class TestEngine
{
    public static Engine Current
    {
        get
        {
            for (ITest? test = TestExecutionContext.CurrentContext.CurrentTest; test is not null; test = test.Parent)
            {
                if (test.Properties.Get(nameof(Engine)) is Engine engine) return engine;
            }

            return Engine.Sqlite;
        }
    }
}
