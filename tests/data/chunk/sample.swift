import Foundation

let limit = 10

/// A user.
struct User: Codable {
    let name: String
}

protocol Shape {
    func area() -> Double
}

@MainActor
final class Server: Base {
    private var users: [User] = []

    init(port: Int) {
        self.port = port
    }

    /// Adds one user, unless the server is full already.
    func add(_ user: User) -> Bool {
        users.append(user)
        return true
    }

    deinit { close() }
}

extension Server: CustomStringConvertible {
    var description: String { "server" }
}

enum Colour { case red, green }

typealias Handler = (String) -> Void

func helper(x: Int) -> Int {
    return x * 2
}
