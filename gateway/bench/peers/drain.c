/* drain PORT: takes every message of t/# from the broker on 127.0.0.1 and stores nothing.
 *
 * What a broker and a client can do at most when nobody keeps anything. It subscribes with QoS 1
 * and a kept session, counts, and answers a heart rate above 180 on alarms/<device> with QoS 1, so
 * that an alert latency exists to compare with.
 *
 * Every line on standard input is answered by one line: messages, alarms, messages that could not
 * be read, id of the last message, version of libmosquitto. The end of standard input ends it.
 * Exit 1: no broker; 2: usage.
 */
#define _GNU_SOURCE
#include <mosquitto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC "t/#"
#define TOO_FAST 180.0
#define KEEPALIVE_S 60
#define ID_MAX 64
#define NUMBER_MAX 32
#define TOPIC_MAX 128
#define ALERT_MAX 256
#define LINE_MAX_BYTES 64

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static unsigned long messages, alarms, unread;
static char last_id[ID_MAX] = "-";

/* Copies what stands behind `key` up to one of `ends`; 0 when it is missing or too long. */
static int field(const char *text, size_t size, const char *key, const char *ends, char *to,
                 size_t room) {
    const char *from = memmem(text, size, key, strlen(key));
    if (from == NULL) return 0;
    from += strlen(key);
    size_t left = size - (size_t)(from - text), length = 0;
    while (length < left && strchr(ends, from[length]) == NULL) length++;
    if (length == left || length >= room) return 0;
    memcpy(to, from, length);
    to[length] = '\0';
    return 1;
}

static void answer(struct mosquitto *client, const struct mosquitto_message *message,
                   const char *id) {
    char since[NUMBER_MAX], topic[TOPIC_MAX], alert[ALERT_MAX];
    const char *device = strrchr(message->topic, '/');
    if (device == NULL ||
        !field(message->payload, (size_t)message->payloadlen, "\"ts_ns\":", ",}", since,
               sizeof since))
        return;
    snprintf(topic, sizeof topic, "alarms%s", device);
    int size = snprintf(alert, sizeof alert,
                        "{\"id\":\"%s\",\"ts_ns\":%s,\"rule\":\"hr_high\"}", id, since);
    mosquitto_publish(client, NULL, topic, size, alert, 1, false);
}

static void on_message(struct mosquitto *client, void *nothing,
                       const struct mosquitto_message *message) {
    (void)nothing;
    char id[ID_MAX], code[NUMBER_MAX], value[NUMBER_MAX];
    const char *text = message->payload;
    size_t size = (size_t)message->payloadlen;
    int read = text != NULL && field(text, size, "\"id\":\"", "\"", id, sizeof id) &&
               field(text, size, "\"code\":\"", "\"", code, sizeof code) &&
               field(text, size, "\"value\":", ",}", value, sizeof value);
    int alarm = read && strcmp(code, "hr") == 0 && strtod(value, NULL) > TOO_FAST;
    if (alarm) answer(client, message, id);
    pthread_mutex_lock(&guard);
    messages++;
    alarms += (unsigned long)alarm;
    unread += (unsigned long)!read;
    if (read) memcpy(last_id, id, sizeof id);
    pthread_mutex_unlock(&guard);
}

static void on_connect(struct mosquitto *client, void *nothing, int code) {
    (void)nothing;
    if (code == 0) mosquitto_subscribe(client, NULL, TOPIC, 1);
}

int main(int count, char **words) {
    char line[LINE_MAX_BYTES];
    int major, minor, revision;
    if (count != 2) {
        fprintf(stderr, "%d words, expected 2: drain PORT\n", count);
        return 2;
    }
    mosquitto_lib_init();
    mosquitto_lib_version(&major, &minor, &revision);
    struct mosquitto *client = mosquitto_new("drain", false, NULL);
    if (client == NULL) return 1;
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_max_inflight_messages_set(client, 0);
    mosquitto_message_callback_set(client, on_message);
    mosquitto_connect_callback_set(client, on_connect);
    int code = mosquitto_connect(client, "127.0.0.1", atoi(words[1]), KEEPALIVE_S);
    if (code == MOSQ_ERR_SUCCESS) code = mosquitto_loop_start(client);
    if (code != MOSQ_ERR_SUCCESS) {
        fprintf(stderr, "no broker on 127.0.0.1:%s: %s\n", words[1], mosquitto_strerror(code));
        return 1;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        pthread_mutex_lock(&guard);
        printf("%lu %lu %lu %s %d.%d.%d\n", messages, alarms, unread, last_id, major, minor,
               revision);
        pthread_mutex_unlock(&guard);
        fflush(stdout);
    }
    mosquitto_disconnect(client);
    mosquitto_loop_stop(client, false);
    mosquitto_destroy(client);
    mosquitto_lib_cleanup();
    return 0;
}
