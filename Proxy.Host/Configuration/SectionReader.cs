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

    /// <summary>A list or an object where one value belongs, which would be taken for a setting that is not there.</summary>
    public static bool ReportNested(IConfigurationSection setting, List<string> faults)
    {
        if (!setting.GetChildren().Any()) return false;

        faults.Add($"{setting.Path} is a list or an object; it takes one value, and names are separated by commas.");
        return true;
    }

    public static string[] KeysOf(Type type) => [.. Settable(type).Select(property => property.Name)];

    private static IEnumerable<PropertyInfo> Settable(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite);

    private static void Bind(IConfigurationSection section, PropertyInfo property, object options, List<string> faults)
    {
        var setting = section.GetSection(property.Name);
        if (!setting.Exists()) return;

        if (ReportNested(setting, faults)) return;

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
