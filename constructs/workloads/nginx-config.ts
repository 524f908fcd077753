/** Where the configuration is mounted: not the image's own place, so that nothing of the image's is hidden. */
export const CONFIG_DIR = '/etc/nginx-lab'

/**
 * A whole configuration, for an nginx that may write only to /tmp and is not root. Every path answers with the
 * name of the pod, so that one sees which pod answered.
 * @param port port it listens on
 */
export const nginxConfig = (port: number): string => `worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr warn;

events {
  worker_connections 256;
}

http {
  access_log /dev/stdout;
  server_tokens off;
  default_type text/plain;
  client_body_temp_path /tmp/client_body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;

  server {
    listen ${port};
    include /tmp/listen-ipv6*.conf;
    location / {
      return 200 "$hostname\\n";
    }
  }
}
`

/**
 * Becomes nginx. It listens on IPv6 where the pod has it and only there: on a kernel without IPv6 that line
 * would end it. \`-e stderr\` is for what it logs before it has read the configuration.
 * @param port port it listens on
 */
export const startNginx = (port: number): string => `set -eu
if [ -e /proc/net/if_inet6 ]; then
  echo "listen [::]:${port};" > /tmp/listen-ipv6.conf
fi
exec nginx -e stderr -c ${CONFIG_DIR}/nginx.conf -g 'daemon off;'
`
