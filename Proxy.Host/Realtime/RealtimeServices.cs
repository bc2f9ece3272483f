using Proxy.Host.Recording;
using Proxy.Management.Access;
using Proxy.Management.Budgets;

namespace Proxy.Host.Realtime;

/// <summary>What every session needs of the program.</summary>
internal sealed record RealtimeServices(Authenticator Authenticator, Cashier Cashier, ExchangeRecorder Recorder, TimeProvider Time);
