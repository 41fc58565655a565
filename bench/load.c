/*
 * The load of the benchmarks: so many clients at once against an echo server, for so long.
 *
 *   load oneshot PORT CLIENTS SECONDS SIZE   connect, send, read until EOF, close, again
 *   load stream  PORT CLIENTS SECONDS SIZE   one message in flight on each connection
 *   load idle    PORT CLIENTS                connect, and stay until standard input ends
 *
 * Every byte that comes back is compared. Prints one line of JSON, with the CPU time that the load itself took.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  int fd;
  size_t sent, received;
  double started;
} client;

static int stream, port;
static size_t size;
static char *message, *buffer;
static int poller;
static unsigned connects;
static long done, bad, failed;
static double *latencies;
static const size_t MOST_LATENCIES = 1 << 22;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

/* Source addresses take turns, as one address has too few ports for a fast server. */
static int open_client(client *c) {
  int on = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  c->sent = c->received = 0;
  c->started = now();
  struct sockaddr_in from = {.sin_family = AF_INET}, to = from;
  from.sin_addr.s_addr = htonl(0x7f000002u + connects++ % 200);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(port);
  setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (stream) setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  bind(c->fd, (void *)&from, sizeof from);
  if (connect(c->fd, (void *)&to, sizeof to) < 0 && errno != EINPROGRESS) {
    close(c->fd);
    failed++;
    return 0;
  }
  // told of each change once: no call to say what is waited for
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
  return 1;
}

/* One exchange has come to its end. */
static void finish(client *c) {
  if ((size_t)done < MOST_LATENCIES) latencies[done] = now() - c->started;
  done++;
}

/* Goes on as far as the socket lets it. 1: goes on later, 0: is over, -1: has failed. */
static int advance(client *c) {
  while (c->sent < size) {
    ssize_t n = send(c->fd, message + c->sent, size - c->sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) return -1;
    c->sent += n;
  }
  for (;;) {
    ssize_t n = recv(c->fd, buffer, 1 << 20, 0);
    if (n < 0) return errno == EAGAIN ? 1 : -1;
    if (n == 0) {
      if (c->received != size) bad++;
      return stream ? -1 : 0;
    }
    if (c->received + n > size || memcmp(buffer, message + c->received, n)) bad++;
    c->received += n;
    if (stream && c->received >= size) return 0;
  }
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Opens connections and leaves them alone. The last one's echo says that all of them are accepted. */
static int idle(int clients) {
  struct rlimit most;
  getrlimit(RLIMIT_NOFILE, &most);
  most.rlim_cur = most.rlim_max;
  setrlimit(RLIMIT_NOFILE, &most);
  client c;
  char byte = 'x';
  for (int i = 0; i < clients; i++) {
    if (!open_client(&c)) return 1;
    fcntl(c.fd, F_SETFL, fcntl(c.fd, F_GETFL) & ~O_NONBLOCK);
    struct pollfd ready = {.fd = c.fd, .events = POLLOUT};
    if (poll(&ready, 1, 5000) != 1) return 1;
  }
  if (send(c.fd, &byte, 1, 0) != 1 || recv(c.fd, &byte, 1, 0) != 1) return 1;
  printf("{\"opened\": %d}\n", clients);
  fflush(stdout);
  while (read(0, &byte, 1) > 0) continue;
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 4 && !strcmp(argv[1], "idle")) {
    poller = epoll_create1(0);
    port = atoi(argv[2]);
    return idle(atoi(argv[3]));
  }
  if (argc != 6) return 2;
  stream = !strcmp(argv[1], "stream");
  port = atoi(argv[2]);
  int clients = atoi(argv[3]), live = 0;
  double seconds = atof(argv[4]);
  size = atol(argv[5]);
  message = malloc(size);
  buffer = malloc(1 << 20);
  latencies = malloc(MOST_LATENCIES * sizeof *latencies);
  for (size_t i = 0; i < size; i++) message[i] = 'a' + i % 23;
  poller = epoll_create1(0);
  client *all = calloc(clients, sizeof *all);
  double start = now(), end = start + seconds;
  for (int i = 0; i < clients; i++) live += open_client(&all[i]);
  while (live > 0 && now() < end + 5) {
    struct epoll_event events[256];
    int n = epoll_wait(poller, events, 256, 1000);
    int stopping = now() >= end;
    for (int i = 0; i < n; i++) {
      client *c = events[i].data.ptr;
      int state = advance(c);
      while (state == 0) {
        finish(c);
        if (!stream || stopping) break;
        c->sent = c->received = 0;
        c->started = now();
        state = advance(c);
      }
      if (state == 1) continue;
      if (state < 0) failed++;
      close(c->fd);
      live--;
      if (!stopping) live += open_client(c);
    }
  }
  double elapsed = now() - start;
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  double cpu = use.ru_utime.tv_sec + use.ru_stime.tv_sec + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
  size_t n = (size_t)done < MOST_LATENCIES ? (size_t)done : MOST_LATENCIES;
  qsort(latencies, n, sizeof *latencies, ascending);
  printf("{\"done\": %ld, \"rate\": %.0f, \"p50\": %.1f, \"p99\": %.1f, \"bad\": %ld, \"failed\": %ld, "
         "\"unfinished\": %d, \"cpu\": %.3f}\n",
         done, done / elapsed, n ? latencies[n / 2] * 1e6 : 0, n ? latencies[n * 99 / 100] * 1e6 : 0, bad,
         failed, live, cpu / elapsed);
}
