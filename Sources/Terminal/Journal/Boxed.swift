/// A large value behind a reference: a copy of what holds it costs one count, however large it is.
struct Boxed<Value: Sendable & Hashable>: Sendable, Hashable {
    private final class Storage: Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    private let storage: Storage

    init(_ value: Value) { storage = Storage(value) }

    var value: Value { storage.value }

    static func == (left: Boxed, right: Boxed) -> Bool { left.storage === right.storage || left.value == right.value }
    func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
