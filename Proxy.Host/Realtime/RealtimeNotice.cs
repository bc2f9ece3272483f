namespace Proxy.Host.Realtime;

/// <summary>What an event of the provider's is to a session.</summary>
internal enum RealtimeEvent
{
    Other,

    /// <summary>A response begins.</summary>
    Begun,

    /// <summary>A piece of a response.</summary>
    Piece,

    /// <summary>A response is over, and says what it used.</summary>
    Done,

    /// <summary>The session as the provider has it now.</summary>
    Session,

    /// <summary>Something was said, and is to be written down if the session asks for that.</summary>
    Said,

    /// <summary>What was said is written down.</summary>
    Transcript,

    /// <summary>What was said could not be written down.</summary>
    NoTranscript,
}

/// <summary>What an event of the provider's is about.</summary>
/// <param name="IsSound">Whether its piece is sound.</param>
/// <param name="Response">The id of the response that it belongs to, a part of the message; empty when it names none.</param>
internal readonly record struct RealtimeNotice(RealtimeEvent Kind, bool IsSound, ReadOnlyMemory<byte> Response);
