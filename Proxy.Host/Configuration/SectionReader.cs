using System.ComponentModel.DataAnnotations;
using System.Reflection;

namespace Proxy.Host.Configuration;

/// <summary>Reads a section into its options, and tells everything that is wrong with it: unknown settings, wrong types, values out of range.</summary>
internal static class SectionReader
{
    public static T Read<T>(IConfigurationSection section, List<string> faults)
        where T : new()
    {
        ReportUnknown(section, KeysOf(typeof(T)), faults);

        var options = new T();
        foreach (var property in Settable(typeof(T))) Bind(section, property, options, faults);

        var results = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        faults.AddRange(results.Select(result => $"{section.Path}: {result.ErrorMessage}"));
        return options;
    }

    public static void ReportUnknown(IConfigurationSection section, IReadOnlyCollection<string> known, List<string> faults) => faults.AddRange(
        from child in section.GetChildren()
        where !known.Contains(child.Key, StringComparer.OrdinalIgnoreCase)
        select $"{section.Path} has no setting '{child.Key}'; known are {string.Join(", ", known)}.");

    public static string[] KeysOf(Type type) => [.. Settable(type).Select(property => property.Name)];

    private static IEnumerable<PropertyInfo> Settable(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite);

    private static void Bind(IConfigurationSection section, PropertyInfo property, object options, List<string> faults)
    {
        if (!section.GetSection(property.Name).Exists()) return;

        try
        {
            property.SetValue(options, section.GetValue(property.PropertyType, property.Name));
        }
        catch (InvalidOperationException)
        {
            faults.Add($"{section.Path}:{property.Name} is '{section[property.Name]}', which is not a {property.PropertyType.Name}.");
        }
    }
}
