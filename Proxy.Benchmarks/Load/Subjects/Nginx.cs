namespace Proxy.Benchmarks.Load.Subjects;

/// <summary>nginx as a reverse proxy with kept connections to the provider, when the machine has it.</summary>
internal static class Nginx
{
    public const string Name = "nginx";

    private const string Program = "/usr/sbin/nginx";

    public static async Task<Subject?> TryStartAsync(int core, int providerPort, string folder)
    {
        if (!File.Exists(Program)) return null;

        var port = MeasuredProcess.FreePort();
        var path = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(path, $$"""
            daemon off;
            worker_processes 1;
            error_log stderr crit;
            pid {{folder}}/nginx.pid;
            events { worker_connections 16384; }
            http {
              access_log off;
              client_body_temp_path {{folder}};
              proxy_temp_path {{folder}};
              fastcgi_temp_path {{folder}};
              uwsgi_temp_path {{folder}};
              scgi_temp_path {{folder}};
              keepalive_requests 100000000;
              client_body_buffer_size 256k;
              proxy_buffer_size 64k;
              proxy_buffers 8 64k;
              upstream provider { server 127.0.0.1:{{providerPort}}; keepalive 512; keepalive_requests 100000000; }
              server {
                listen 127.0.0.1:{{port}};
                location / { proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
              }
            }
            """);
        var process = await MeasuredProcess.StartAsync(core, port, folder, new Dictionary<string, string>(), Program, "-p", folder, "-c", path);
        return new Subject(Name, port, Key: null, process);
    }
}
