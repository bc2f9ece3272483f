namespace Proxy.Management.Budgets;

/// <summary>The terms that hold for each member of a team who has none of their own; they change with the team.</summary>
internal sealed class UsualTerms
{
    private volatile AccountTerms _terms = AccountTerms.None;

    public AccountTerms Terms
    {
        get => _terms;
        set
        {
            // The same terms stay the same object, by which accounts see that nothing has changed.
            if (value != _terms) _terms = value;
        }
    }
}
