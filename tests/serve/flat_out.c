/*
 * flat_out PORT STREAMS SECONDS: streams flat out over some connections, and exchanges letters over one more.
 *
 * Prints how much the streams moved at most while a letter waited; then streams on until the server cuts them off.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int port;
static time_t end;
static long moved;

static int dial(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, (void *)&to, sizeof to) < 0) exit(1);
  return fd;
}

/* Sends and reads as fast as it can, until the other end has had enough. */
static void *flat_out(void *cut_off) {
  int fd = dial();
  fcntl(fd, F_SETFL, O_NONBLOCK);
  static char zeros[1 << 18];
  char *into = malloc(1 << 18);
  while (time(NULL) < end) {
    struct pollfd ready = {.fd = fd, .events = POLLIN | POLLOUT};
    poll(&ready, 1, 100);
    if (ready.revents & (POLLHUP | POLLERR)) {
      *(int *)cut_off = 1;
      break;
    }
    if (ready.revents & POLLOUT) send(fd, zeros, sizeof zeros, MSG_NOSIGNAL);
    if (ready.revents & POLLIN) {
      ssize_t n = recv(fd, into, 1 << 18, 0);
      if (n > 0) __sync_fetch_and_add(&moved, n);
    }
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  port = atoi(argv[1]);
  int streams = atoi(argv[2]), cut_off = 0;
  end = time(NULL) + atoi(argv[3]);
  pthread_t threads[64];
  for (int i = 0; i < streams && i < 64; i++) pthread_create(&threads[i], NULL, flat_out, &cut_off);
  while (moved < 100L << 20) usleep(1000);
  long most = 0;
  for (int i = 0; i < 20; i++) {
    int fd = dial();
    char letter = 'x';
    long before = moved;
    if (send(fd, &letter, 1, 0) != 1 || recv(fd, &letter, 1, 0) != 1) return 1;
    if (moved - before > most) most = moved - before;
    close(fd);
  }
  printf("most %ld MB\n", most >> 20);
  fflush(stdout);
  for (int i = 0; i < streams && i < 64; i++) pthread_join(threads[i], NULL);
  puts(cut_off ? "cut off" : "went on");
  return 0;
}
