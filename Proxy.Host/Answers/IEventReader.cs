namespace Proxy.Host.Answers;

/// <summary>What an event of a stream is to the relay.</summary>
internal enum EventKind
{
    /// <summary>It goes on to the client.</summary>
    Passes,

    /// <summary>Only the gateway asked for it.</summary>
    KeptBack,

    /// <summary>The end mark, which goes out when the call is recorded.</summary>
    EndMark,

    /// <summary>The last one, if none follows: in APIs without an end mark only the end of the body tells.</summary>
    MayBeLast,

    /// <summary>The provider's word that it failed.</summary>
    Error,

    /// <summary>Not what the protocol says.</summary>
    Broken,
}

/// <summary>Reads the events of one stream, in the protocol of one API, for the relay, the ledger and the log.</summary>
internal interface IEventReader : IDisposable
{
    /// <summary>Bytes up to which an event is held until it is whole. A longer one passes on in pieces and is not read: a stream's memory stays bounded, whatever a provider sends.</summary>
    int MaxEvent => 32 * 1024;

    /// <summary>Reads one whole event, its blank line counted.</summary>
    EventKind Read(ReadOnlySpan<byte> sseEvent);

    /// <summary>Puts together what was read.</summary>
    void Complete();
}
