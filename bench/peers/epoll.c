/*
 * C and epoll, with the same calls on every connection as this package makes: `epoll once|stream PORT [VARIANT]`.
 * VARIANT `more` sends the echo and the FIN in one segment, `deferred` also has TCP_DEFER_ACCEPT on the listener.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection, with what it could not send yet. */
typedef struct {
  int fd;
  size_t length, sent;
  char *rest;
} connection;

enum { LARGE = 512 * 1024 };
static char buffer[LARGE];
static int poller;
static int more;

static int option(int fd, int level, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

/* The assertions: what this package asks the kernel of every connection. */
static int is_as_expected(int fd) {
  struct sockaddr_in name;
  socklen_t length = sizeof name;
  int on = 1;
  if (getpeername(fd, (void *)&name, &length) < 0) return 0;
  length = sizeof name;
  if (getsockname(fd, (void *)&name, &length) < 0) return 0;
  if (!(fcntl(fd, F_GETFL) & O_NONBLOCK)) return 0;
  if (option(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM) return 0;
  if (option(fd, SOL_SOCKET, SO_REUSEADDR) != 1) return 0;
  if (option(fd, SOL_SOCKET, SO_REUSEPORT) != 1) return 0;
  setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  return option(fd, IPPROTO_TCP, TCP_QUICKACK) == 1;
}

static void watch(connection *c, int op, unsigned events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(poller, op, c->fd, &event);
}

static void end(connection *c) {
  close(c->fd);
  free(c->rest);
  free(c);
}

static void accept_all(int listener) {
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    if (!is_as_expected(fd)) {
      close(fd);
      continue;
    }
    connection *c = calloc(1, sizeof *c);
    c->fd = fd;
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
  }
}

/* Sends what waits: 1 when all has gone, 0 when more room must be waited for, -1 when the peer has gone. */
static int send_rest(connection *c) {
  while (c->sent < c->length) {
    ssize_t n = send(c->fd, c->rest + c->sent, c->length - c->sent, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN ? 0 : -1;
    c->sent += n;
  }
  free(c->rest);
  c->rest = NULL;
  watch(c, EPOLL_CTL_MOD, EPOLLIN);
  return 1;
}

/* Echoes what has arrived: 0 when the connection is to be closed. */
static int echo(connection *c, int once) {
  ssize_t n = recv(c->fd, buffer, LARGE, 0);
  if (n < 0 && errno == EAGAIN) return 1;
  if (n <= 0) return 0;
  ssize_t sent = send(c->fd, buffer, n, MSG_NOSIGNAL | more);
  if (sent < 0 && errno != EAGAIN) return 0;
  if (sent < 0) sent = 0;
  if (once && sent == n) return 0;
  if (sent < n) {
    c->length = n - sent;
    c->sent = 0;
    c->rest = malloc(c->length);
    memcpy(c->rest, buffer + sent, c->length);
    watch(c, EPOLL_CTL_MOD, EPOLLOUT);
  }
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int once = !strcmp(argv[1], "once"), on = 1;
  if (argc > 3) more = MSG_MORE;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (argc > 3 && !strcmp(argv[3], "deferred")) setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &on, sizeof on);
  if (bind(listener, (void *)&address, sizeof address) < 0 || listen(listener, 511) < 0) {
    perror("listen");
    return 1;
  }
  poller = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int n = epoll_wait(poller, events, 256, -1);
    for (int i = 0; i < n; i++) {
      connection *c = events[i].data.ptr;
      if (c == NULL) {
        accept_all(listener);
      } else if (c->rest != NULL) {
        int state = send_rest(c);
        if (state < 0 || (state > 0 && once)) end(c);
      } else if (!echo(c, once)) {
        end(c);
      }
    }
  }
}
