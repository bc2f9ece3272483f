namespace Proxy.Host.Answers;

/// <summary>How the reading of an answer ended: who is to blame, if anyone.</summary>
internal enum AnswerEnd
{
    Whole,
    Broken,
    Stalled,
    ClientLeft,
}
