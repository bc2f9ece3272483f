using Microsoft.AspNetCore.Http;
using Proxy.Management.Errors;

namespace Proxy.Management.Bodies;

/// <summary>What is wrong with the fields of a body, for one answer that names it all.</summary>
internal sealed class FieldFaults
{
    private readonly List<(string Field, string Message)> _faults = [];
    private int _status = StatusCodes.Status400BadRequest;

    public int Count => _faults.Count;

    /// <summary>One refusal that names every fault, or null.</summary>
    public ProxyError? Error => _faults.Count == 0
        ? null
        : new ProxyError(_status, ProxyError.InvalidRequest, string.Join(' ', _faults.Select(fault => fault.Message)), _faults[0].Field);

    /// <summary>The field is not of the right form: 422.</summary>
    public void Add(string name, string message)
    {
        _status = StatusCodes.Status422UnprocessableEntity;
        AddInValue(name, message);
    }

    /// <summary>The field has the right form, but not a value that can be used: 400, unless another field is a 422.</summary>
    public void AddInValue(string name, string message)
    {
        // A field that is read twice is at fault once.
        if (!_faults.Contains((name, message))) _faults.Add((name, message));
    }
}
