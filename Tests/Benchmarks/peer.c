/* The peer's client, as lean as pcsc-lite allows: waits for a reader with a card, powers the card on, sends the APDUs ROUNDS times.
   peer ROUNDS APDU...: prints the same line of JSON as `countertop-lab apdu`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <winscard.h>

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static double processor(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void print(const BYTE *bytes, DWORD count) {
    for (DWORD index = 0; index < count; index++) printf("%02X", bytes[index]);
}

static void check(LONG status, const char *what) {
    if (status == SCARD_S_SUCCESS) return;
    fprintf(stderr, "%s: %s\n", what, pcsc_stringify_error(status));
    exit(1);
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    int rounds = atoi(arguments[1]);
    SCARDCONTEXT context;
    while (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) != SCARD_S_SUCCESS) nanosleep(&(struct timespec){0, 1000000}, NULL);
    fprintf(stderr, "waiting for a card\n");
    /* pcscd tells of new readers through a reader of this name. */
    char names[1024] = "";
    DWORD length;
    SCARD_READERSTATE plug = {.szReader = "\\\\?PnP?\\Notification", .dwCurrentState = SCARD_STATE_UNAWARE};
    SCARD_READERSTATE card;
    LONG status;
    SCARDHANDLE handle;
    DWORD protocol;
    do {
        while (length = sizeof names, SCardListReaders(context, NULL, names, &length) != SCARD_S_SUCCESS || names[0] == 0) {
            status = SCardGetStatusChange(context, 60000, &plug, 1);
            if (status != SCARD_S_SUCCESS) check(status, "waiting for a reader");
            plug.dwCurrentState = plug.dwEventState;
        }
        card = (SCARD_READERSTATE){.szReader = names, .dwCurrentState = SCARD_STATE_UNAWARE};
        do {
            status = SCardGetStatusChange(context, 60000, &card, 1);
            card.dwCurrentState = card.dwEventState;
        } while (status == SCARD_S_SUCCESS && !(card.dwEventState & SCARD_STATE_PRESENT));
        if (status == SCARD_S_SUCCESS)
            while ((status = SCardConnect(context, names, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &handle, &protocol)) == SCARD_E_NO_SMARTCARD)
                check(SCardGetStatusChange(context, 60000, &card, 1), "waiting for power");
        /* The daemon lists a reader for a moment before it can be asked for, and one that is gone for a moment longer. */
    } while (status == SCARD_E_UNKNOWN_READER || status == SCARD_E_READER_UNAVAILABLE);
    check(status, "connecting");
    double usable = now(CLOCK_REALTIME);
    BYTE reset[64];
    DWORD reset_length = sizeof reset, names_length = sizeof names, state;
    check(SCardStatus(handle, NULL, &names_length, &state, &protocol, reset, &reset_length), "status");

    int commands = count - 2;
    static BYTE sent[64][300], received[64][65600];
    DWORD sent_length[64], received_length[64];
    for (int index = 0; index < commands && index < 64; index++) {
        sent_length[index] = strlen(arguments[index + 2]) / 2;
        for (DWORD at = 0; at < sent_length[index]; at++) sscanf(arguments[index + 2] + 2 * at, "%2hhx", &sent[index][at]);
    }
    const SCARD_IO_REQUEST *request = protocol == SCARD_PROTOCOL_T1 ? SCARD_PCI_T1 : SCARD_PCI_T0;
    double start = now(CLOCK_MONOTONIC), processor_start = processor();
    for (int round = 0; round < rounds; round++)
        for (int index = 0; index < commands; index++) {
            received_length[index] = sizeof received[index];
            check(SCardTransmit(handle, request, sent[index], sent_length[index], NULL, received[index], &received_length[index]), "transmitting");
        }
    double total = (double)rounds * commands;
    double used = (processor() - processor_start) / total, seconds = (now(CLOCK_MONOTONIC) - start) / total;
    printf("{\"reader\":\"%s\",\"atr\":\"", names);
    print(reset, reset_length);
    printf("\",\"usableAt\":%.6f,\"answers\":[", usable);
    for (int index = 0; index < commands; index++) {
        printf(index ? ",\"" : "\"");
        print(received[index], received_length[index]);
        printf("\"");
    }
    printf("],\"secondsPerAPDU\":%.9f,\"processorSecondsPerAPDU\":%.9f}\n", seconds, used);
    fflush(stdout);
    /* The daemon's share is read from outside while the card is still powered. */
    getchar();
    SCardDisconnect(handle, SCARD_UNPOWER_CARD);
    return 0;
}
