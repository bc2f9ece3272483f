using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Proxy.Host.Translation;

/// <summary>Reads JSON without minding what is missing, and copies it without reading what it means.</summary>
internal static class JsonValues
{
    extension(JsonElement element)
    {
        /// <summary>The value's own bytes, quotes and escapes and all.</summary>
        public ReadOnlySpan<byte> Raw => JsonMarshal.GetRawUtf8Value(element);

        /// <summary>True for what is absent or null.</summary>
        public bool IsNothing => element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

        /// <summary>True for what says nothing: absent, null, or a list or an object without entries.</summary>
        public bool IsEmpty => element.ValueKind switch
        {
            JsonValueKind.Undefined or JsonValueKind.Null => true,
            JsonValueKind.Array => element.GetArrayLength() == 0,
            JsonValueKind.Object => element.GetPropertyCount() == 0,
            _ => false,
        };

        public bool IsList => element.ValueKind == JsonValueKind.Array;

        public bool IsObject => element.ValueKind == JsonValueKind.Object;

        public bool IsText => element.ValueKind == JsonValueKind.String;

        public bool IsTrue => element.ValueKind == JsonValueKind.True;

        /// <summary>True for a string of at least one character.</summary>
        public bool HasText => element.ValueKind == JsonValueKind.String && element.Raw.Length > 2;

        /// <summary>The string; null when it is none.</summary>
        public string? Text => element.ValueKind == JsonValueKind.String ? element.GetString() : null;

        /// <summary>The number; null when it is none.</summary>
        public double? Number => element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var number) ? number : null;

        public bool Is(ReadOnlySpan<byte> text) => element.ValueKind == JsonValueKind.String && element.ValueEquals(text);

        /// <summary>The field; undefined when there is none.</summary>
        public JsonElement Get(ReadOnlySpan<byte> name) =>
            element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

        /// <summary>The entries of a list; none when it is no list.</summary>
        public JsonElement.ArrayEnumerator Entries => element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : default;

        /// <summary>The string's UTF-8, without a copy where it has no escapes.</summary>
        public ReadOnlySpan<byte> Utf8
        {
            get
            {
                var quoted = element.Raw;
                return quoted.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(element.GetString()!) : quoted[1..^1];
            }
        }
    }

    extension(Utf8JsonWriter json)
    {
        /// <summary>A value as it stands elsewhere.</summary>
        public void WriteCopy(ReadOnlySpan<byte> name, JsonElement value)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value.Raw, skipInputValidation: true);
        }

        /// <summary>A value as it stands elsewhere, if it stands there.</summary>
        public void WriteCopyIfAny(ReadOnlySpan<byte> name, JsonElement value)
        {
            if (!value.IsNothing) json.WriteCopy(name, value);
        }

        public void WriteCopy(JsonElement value) => json.WriteRawValue(value.Raw, skipInputValidation: true);
    }
}
