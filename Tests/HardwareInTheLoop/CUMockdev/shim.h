#include <pty.h>
#include <umockdev.h>
