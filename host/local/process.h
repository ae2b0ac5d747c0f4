// Child processes that end with their parent. Start must be called from a thread that lives as long
// as the program: PR_SET_PDEATHSIG follows the thread that forked.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "src/base/status.h"

namespace soteria::host {

struct ProcessSpec {
  std::string program;
  std::vector<std::string> arguments;    // without the program's name
  std::vector<std::string> environment;  // NAME=value, beside our own environment
  std::string log;                       // absolute path; standard output and error are appended
};

base::StatusOr<pid_t> StartProcess(const ProcessSpec& spec);
/// kill -9.
void KillProcess(pid_t pid);

/// A fresh, unguessable name of 32 hexadecimal digits.
std::string NewCookie();

}  // namespace soteria::host
