#include <vector>

namespace net::http {

// A socket.
class Socket : public Base {
public:
    Socket(int fd) : fd_(fd) {}
    ~Socket();

    int fd() const { return fd_; }

    virtual void close() {
        ::close(fd_);
        fd_ = -1;
    }

private:
    int fd_;
};

template <typename T>
T clamp(T value, T low, T high) {
    return value < low ? low : value;
}

void Socket::open(const std::string& name) {
    name_ = name;
}

Socket::~Socket() {
    close();
}

bool operator==(const Socket& a, const Socket& b) {
    return a.fd() == b.fd();
}

enum class Mode { Read, Write };

using Handler = std::function<void()>;

}  // namespace net::http

extern "C" {
int c_entry(void) {
    return 1;
}
}

int main(int argc, char** argv) {
    return 0;
}
