/* The floor: one epoll loop that answers every request with the same file and never looks at what is asked.
 * What a real server costs above this is its own. Level-triggered, keep-alive.
 *
 *     limit PORT FILE
 *
 * A small FILE is sent from memory, head and body in one call; a large one by sendfile, after its head. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    DESCRIPTORS_MAX = 65536,
    SMALL_MAX = 65536,
    EVENTS_MAX = 1024,
    PIPELINED_MAX = 1024,
    /* Two whole segments of loopback (65,483 bytes each): a chunk that leaves a small rest sends it as a
     * packet of its own and wakes the reader once more, which costs a third of the CPU on big files. */
    CHUNK = 2 * 65483,
};
static const off_t IDLE = -1;

struct answer { char *bytes; size_t length; };

static struct answer kept, closing;       /* the second says that the connection closes after it */
static int file, is_small, poll_fd;
static off_t file_size;
static off_t sent[DESCRIPTORS_MAX];       /* how much of a large FILE is out on this connection, or IDLE */
static char input[65536];

static struct answer answer_with(const char *field, const char *body, size_t body_length) {
    struct answer answer = {malloc(512 + body_length), 0};
    answer.length = sprintf(answer.bytes,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %lld\r\n%s"
        "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n", (long long)file_size, field);
    memcpy(answer.bytes + answer.length, body, body_length);
    answer.length += body_length;
    return answer;
}

static void open_file(const char *path) {
    static char body[SMALL_MAX];
    struct stat status;
    file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &status)) { perror(path); exit(1); }
    file_size = status.st_size;
    is_small = file_size <= SMALL_MAX;
    size_t body_length = is_small ? file_size : 0;
    if (read(file, body, body_length) != (ssize_t)body_length) { perror(path); exit(1); }
    kept = answer_with("", body, body_length);
    closing = answer_with("Connection: close\r\n", body, body_length);
}

static int listen_on(int port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) {
        perror("listen");
        exit(1);
    }
    return listener;
}

static void wait_for(int operation, int fd, uint32_t readiness) {
    struct epoll_event event = {.events = readiness, .data.fd = fd};
    epoll_ctl(poll_fd, operation, fd, &event);
}

/* One answer for each blank line: those to pipelined requests leave in one call. */
static int send_small(int fd, struct answer answer, char *from, char *end) {
    struct iovec answers[PIPELINED_MAX];
    int count = 0;
    while (count < PIPELINED_MAX && (from = memmem(from, end - from, "\r\n\r\n", 4))) {
        answers[count++] = (struct iovec){answer.bytes, answer.length};
        from += 4;
    }
    return writev(fd, answers, count) < 0;
}

/* Up to CHUNK a turn, so that no download holds up the loop. */
static int send_file(int fd) {
    off_t stop = sent[fd] + CHUNK;
    while (sent[fd] < file_size && sent[fd] < stop) {
        if (sendfile(fd, file, &sent[fd], CHUNK) >= 0) continue;
        return errno != EAGAIN;
    }
    return 0;
}

/* One turn of one connection. Not zero: close it. */
static int serve(int fd) {
    if (sent[fd] != IDLE) {
        if (send_file(fd)) return 1;
        if (sent[fd] < file_size) return 0;
        sent[fd] = IDLE;
        wait_for(EPOLL_CTL_MOD, fd, EPOLLIN);
        return 0;
    }
    ssize_t length = recv(fd, input, sizeof input, 0);
    if (length <= 0) return length == 0 || errno != EAGAIN;
    int closes = memmem(input, length, "Connection: close", 17) != NULL;
    struct answer answer = closes ? closing : kept;
    if (is_small) return send_small(fd, answer, input, input + length) || closes;
    send(fd, answer.bytes, answer.length, MSG_NOSIGNAL | MSG_MORE);
    sent[fd] = 0;
    if (send_file(fd)) return 1;
    if (sent[fd] < file_size) {
        wait_for(EPOLL_CTL_MOD, fd, EPOLLOUT);
        return 0;
    }
    sent[fd] = IDLE;
    return closes;
}

static void accept_all(int listener) {
    int fd, on = 1;
    while ((fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) {
        if (fd >= DESCRIPTORS_MAX) { close(fd); continue; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sent[fd] = IDLE;
        if (serve(fd)) { close(fd); continue; } /* the request is often here already */
        wait_for(EPOLL_CTL_ADD, fd, sent[fd] == IDLE ? EPOLLIN : EPOLLOUT);
    }
}

int main(int count, char **arguments) {
    if (count != 3) { fprintf(stderr, "usage: limit PORT FILE\n"); return 2; }
    signal(SIGPIPE, SIG_IGN);
    open_file(arguments[2]);
    int listener = listen_on(atoi(arguments[1]));
    poll_fd = epoll_create1(0);
    wait_for(EPOLL_CTL_ADD, listener, EPOLLIN);
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int ready = epoll_wait(poll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) accept_all(listener);
            else if (serve(fd)) close(fd);
        }
    }
}
