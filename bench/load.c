/*
 * The load of the benchmarks and of the soak: so many clients at once against an echo server.
 *
 *   load oneshot PORT CLIENTS SECONDS SIZE   connect, send, read until EOF, close, again
 *   load stream  PORT CLIENTS SECONDS SIZE   one message in flight on each connection
 *   load count   PORT CLIENTS COUNT SIZE     as oneshot, until so many connections are done
 *   load rude    PORT COUNT                  so many clients with bad manners, and good ones among them
 *   load idle    PORT CLIENTS                connect, and stay until standard input ends
 *   load paced   PORT CLIENTS SECONDS RATE   64-byte messages of kept connections at fixed times, RATE a second in all,
 *                                            and 100 new connections a second
 *   load cpu     PID                         no load: the CPU seconds of a process so far, to the nanosecond
 *
 * Every byte that comes back is compared, and each client sends other bytes than its neighbours. Prints one line of
 * JSON, with the CPU time that the load itself took.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  int fd;
  const char *message;
  size_t sent, received;
  double started;
  // of those that are paced: when the next message is due, and whether one is under way
  double due;
  int busy;
} client;

static int stream, port;
static size_t size;
static char *message, *buffer;
static int poller;
static long connects;
static long done, bad, failed;
static double *latencies;
static const size_t MOST_LATENCIES = 1 << 22;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

/* At how many places of the message a client may begin. */
static const size_t STARTS = 1 << 16;

/* Bytes without a period, so that those of another client are told from one's own. */
static void make_message(void) {
  unsigned state = 1;
  message = malloc(size + STARTS);
  for (size_t i = 0; i < size + STARTS; i++) message[i] = (state = state * 1664525u + 1013904223u) >> 24;
}

/* Source addresses take turns, as one address has too few ports for a fast server. */
static int open_client(client *c) {
  int on = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  c->message = message + connects % STARTS;
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
    ssize_t n = send(c->fd, c->message + c->sent, size - c->sent, MSG_NOSIGNAL);
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
    if (c->received + n > size || memcmp(buffer, c->message + c->received, n)) bad++;
    c->received += n;
    if (stream && c->received >= size) return 0;
  }
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* A connection that stands, and whose calls wait. */
static int open_waiting(client *c) {
  if (!open_client(c)) return 0;
  fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) & ~O_NONBLOCK);
  struct timeval limit = {.tv_sec = 5};
  setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  struct pollfd ready = {.fd = c->fd, .events = POLLOUT};
  return poll(&ready, 1, 5000) == 1;
}

/* Opens connections and leaves them alone. From time to time one of them waits for an echo, so that the accept queue never
   overflows; the last one's says that all of them are accepted. */
static int idle(int clients) {
  struct rlimit most;
  getrlimit(RLIMIT_NOFILE, &most);
  most.rlim_cur = most.rlim_max;
  setrlimit(RLIMIT_NOFILE, &most);
  client c;
  char byte = 'x';
  for (int i = 0; i < clients; i++) {
    if (!open_waiting(&c)) return 1;
    if (i % 128 != 0 && i != clients - 1) continue;
    if (send(c.fd, &byte, 1, 0) != 1 || recv(c.fd, &byte, 1, 0) != 1) return 1;
  }
  printf("{\"opened\": %d}\n", clients);
  fflush(stdout);
  while (read(0, &byte, 1) > 0) continue;
  return 0;
}

/* A client with good manners, from its connection to its end. */
static void behave(void) {
  client c;
  if (!open_waiting(&c)) {
    failed++;
    return;
  }
  if (advance(&c) == 0) done++;
  else failed++;
  close(c.fd);
}

/* How many clients are left in silence before the first of them is cut: whole rounds of bad manners. */
enum { MANNERS = 6, HELD = 8 * MANNERS };

/* Bad manners in turn. After each round a good client waits for its echo, so that the accept queue never overflows. */
static int rude(long count) {
  static const struct linger by_reset = {.l_onoff = 1};
  static char garbage[200 * 1024];
  client held[HELD];
  memset(garbage, 0xff, sizeof garbage);
  for (int i = 0; i < HELD; i++) held[i].fd = -1;
  long met = 0;
  // a server that serves no more is not waited for again and again
  for (; met < count && failed < 10; met++) {
    client *c = &held[met % HELD];
    if (c->fd >= 0) close(c->fd);
    if (!open_waiting(c)) {
      failed++;
      c->fd = -1;
      continue;
    }
    int manner = met % MANNERS, over = 0;
    if (manner != 2 && manner != 3) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &by_reset, sizeof by_reset);
    switch (manner) {
      case 0:  // is reset, before it is accepted as a rule
        over = 1;
        break;
      case 1:  // is reset after sending
        send(c->fd, c->message, size, MSG_NOSIGNAL);
        over = 1;
        break;
      case 2:  // ends its side at once
        shutdown(c->fd, SHUT_WR);
        break;
      case 3:  // sends, and closes without reading
        send(c->fd, c->message, size, MSG_NOSIGNAL);
        over = 1;
        break;
      case 4:  // a byte and then silence, until it is cut
        send(c->fd, c->message, 1, MSG_NOSIGNAL);
        break;
      case 5:  // more than the server reads at once, and is cut
        if (send(c->fd, garbage, sizeof garbage, MSG_NOSIGNAL) < 0 && errno == EAGAIN) failed++;
        break;
    }
    if (over) {
      close(c->fd);
      c->fd = -1;
    }
    if (manner == MANNERS - 1) behave();
  }
  printf("{\"rude\": %ld, \"done\": %ld, \"bad\": %ld, \"failed\": %ld}\n", met, done, bad, failed);
  return 0;
}

/* The value below which so many of the sorted latencies are, in microseconds. */
static double quantile(const double *sorted, size_t n, double share) {
  return n ? sorted[(size_t)(share * (n - 1))] * 1e6 : 0;
}

/* Goes on with a paced client, from one message to the next that is due: what it waits counts from there, also where the
   answer before came too late. */
static void keep_pace(client *c, double period, int state) {
  for (;; state = advance(c)) {
    if (c->busy && state == 1) return;
    if (c->busy && state < 0) {
      failed++;
      close(c->fd);
      c->fd = -1;
      return;
    }
    if (c->busy) {
      finish(c);
      c->busy = 0;
      c->due += period;
    }
    if (c->due > now() + 1e-6) return;  // the sum of periods is not exact
    c->sent = c->received = 0;
    c->started = c->due;
    c->busy = 1;
  }
}

enum { FRESH_RATE = 100, MOST_FRESH = 1000 };

/* Clients that send at fixed times, as people do, whatever the server makes of it. */
static int paced(int clients, double seconds, double rate) {
  static client fresh[MOST_FRESH];
  static double fresh_latencies[1 << 20];
  client *all = calloc(clients, sizeof *all);
  long due = 0, fresh_due = 0, fresh_done = 0, unfinished = 0;
  double period = clients / rate;
  for (int i = 0; i < clients; i++) {
    if (!open_waiting(&all[i])) return 1;
    fcntl(all[i].fd, F_SETFL, fcntl(all[i].fd, F_GETFL) | O_NONBLOCK);
  }
  for (int i = 0; i < MOST_FRESH; i++) fresh[i].fd = -1;
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poller, EPOLL_CTL_ADD, timer, &event);
  double start = now(), end = start + seconds;
  for (int i = 0; i < clients; i++) all[i].due = start + i / rate;
  for (double time; (time = now()) < end;) {
    for (; start + due / rate <= time; due++) {
      client *c = &all[due % clients];
      if (c->fd >= 0 && !c->busy) keep_pace(c, period, 0);
    }
    for (; start + (double)fresh_due / FRESH_RATE <= time; fresh_due++) {
      client *c = &fresh[fresh_due % MOST_FRESH];
      if (c->fd >= 0 || !open_client(c)) {
        failed++;
        continue;
      }
      c->started = start + (double)fresh_due / FRESH_RATE;
      c->busy = 2;
    }
    double next = start + due / rate, next_fresh = start + (double)fresh_due / FRESH_RATE;
    if (next_fresh < next) next = next_fresh;
    struct itimerspec at = {.it_value = {.tv_sec = next, .tv_nsec = (next - (long)next) * 1e9}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
    struct epoll_event events[256];
    int n = epoll_wait(poller, events, 256, 1000);
    for (int i = 0; i < n; i++) {
      client *c = events[i].data.ptr;
      if (c == NULL || !c->busy) continue;
      int state = advance(c);
      if (c->busy == 2 && state != 1) {
        if (state < 0) failed++;
        else fresh_latencies[fresh_done++] = now() - c->started;
        close(c->fd);
        c->fd = -1;
        continue;
      }
      keep_pace(c, period, state);
    }
  }
  // who still waits has waited so long
  for (int i = 0; i < clients; i++) {
    if (all[i].fd < 0 || !all[i].busy || now() - all[i].started < 0.1) continue;
    unfinished++;
    finish(&all[i]);
  }
  qsort(latencies, done, sizeof *latencies, ascending);
  qsort(fresh_latencies, fresh_done, sizeof *fresh_latencies, ascending);
  printf("{\"done\": %ld, \"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f, \"longest\": %.1f, \"new99\": %.1f, "
         "\"bad\": %ld, \"failed\": %ld, \"unfinished\": %ld}\n",
         done, quantile(latencies, done, 0.5), quantile(latencies, done, 0.99), quantile(latencies, done, 0.999),
         quantile(latencies, done, 1), quantile(fresh_latencies, fresh_done, 0.99), bad, failed, unfinished);
  return 0;
}

/* The CPU time of a process, of all its threads that are and were. */
static int cpu_of(pid_t pid) {
  clockid_t clock;
  struct timespec t;
  if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t)) return 1;
  printf("{\"cpu\": %ld.%09ld}\n", (long)t.tv_sec, t.tv_nsec);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 3) return strcmp(argv[1], "cpu") ? 2 : cpu_of(atoi(argv[2]));
  buffer = malloc(1 << 20);
  latencies = malloc(MOST_LATENCIES * sizeof *latencies);
  poller = epoll_create1(0);
  if (argc == 4) {
    port = atoi(argv[2]);
    size = 64;
    make_message();
    return strcmp(argv[1], "rude") ? idle(atoi(argv[3])) : rude(atol(argv[3]));
  }
  if (argc != 6) return 2;
  stream = !strcmp(argv[1], "stream") || !strcmp(argv[1], "paced");
  port = atoi(argv[2]);
  if (!strcmp(argv[1], "paced")) {
    size = 64;
    make_message();
    return paced(atoi(argv[3]), atof(argv[4]), atof(argv[5]));
  }
  int clients = atoi(argv[3]), live = 0;
  int counted = !strcmp(argv[1], "count");
  size = atol(argv[5]);
  make_message();
  client *all = calloc(clients, sizeof *all);
  double start = now(), end = counted ? INFINITY : start + atof(argv[4]);
  long most = counted ? atol(argv[4]) : LONG_MAX;
  for (int i = 0; i < clients && connects < most; i++) live += open_client(&all[i]);
  // a server that has been silent for so many seconds serves no more
  for (int silent = 0; live > 0 && silent < 10 && now() < end + 5;) {
    struct epoll_event events[256];
    int n = epoll_wait(poller, events, 256, 1000);
    silent = n > 0 ? 0 : silent + 1;
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
      if (!stopping && connects < most) live += open_client(c);
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
