using System.Text;

namespace Proxy.Tests.Management;

/// <summary>Looks for a text in every file that the server wrote.</summary>
internal static class DatabaseBytes
{
    public static async Task<bool> ContainAsync(ManagementServer server, string text)
    {
        foreach (var file in Directory.EnumerateFiles(server.Folder, "*", SearchOption.AllDirectories).Where(file => Path.GetExtension(file) != ".lock"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var bytes = new MemoryStream();
            await stream.CopyToAsync(bytes);
            if (bytes.ToArray().AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0) return true;
        }

        return false;
    }
}
