/// One thing that an open device can do; the registry hands it to whoever needs it.
public enum DeviceCapability: Sendable {
    case chip(any ChipReader)
    case stripe(any StripeReader)
    case contactless(any ContactlessReader)
    case pinpad(any PINPad)
    /// Of a PIN pad, and in service by itself: the pad that takes PINs may be one that takes no card numbers.
    case keypad(any CardKeypad)
    case printer(any Printer)

    /// What one device at a time is in service for.
    enum Purpose: Sendable, CaseIterable { case chip, stripe, contactless, pinpad, keypad, printer }

    var purpose: Purpose {
        switch self {
        case .chip: .chip
        case .stripe: .stripe
        case .contactless: .contactless
        case .pinpad: .pinpad
        case .keypad: .keypad
        case .printer: .printer
        }
    }

    public var device: DeviceDescription {
        switch self {
        case .chip(let reader): reader.device
        case .stripe(let reader): reader.device
        case .contactless(let reader): reader.device
        case .pinpad(let pad): pad.device
        case .keypad(let pad): pad.device
        case .printer(let printer): printer.device
        }
    }

    public var kind: DeviceDescription.Kind {
        switch self {
        case .chip: .chip
        case .stripe: .stripe
        case .contactless: .contactless
        case .pinpad, .keypad: .pinpad
        case .printer: .printer
        }
    }
}

/// The device in service for each purpose, and everybody who follows it.
struct DevicesInService: Sendable {
    let chip = Followed<(any ChipReader)?>(nil)
    let stripe = Followed<(any StripeReader)?>(nil)
    let contactless = Followed<(any ContactlessReader)?>(nil)
    let pinpad = Followed<(any PINPad)?>(nil)
    let keypad = Followed<(any CardKeypad)?>(nil)
    let printer = Followed<(any Printer)?>(nil)

    func put(_ capability: DeviceCapability?, for purpose: DeviceCapability.Purpose) {
        switch (capability, purpose) {
        case (.chip(let reader), _): chip.set(reader)
        case (.stripe(let reader), _): stripe.set(reader)
        case (.contactless(let reader), _): contactless.set(reader)
        case (.pinpad(let pad), _): pinpad.set(pad)
        case (.keypad(let pad), _): keypad.set(pad)
        case (.printer(let device), _): printer.set(device)
        case (nil, .chip): chip.set(nil)
        case (nil, .stripe): stripe.set(nil)
        case (nil, .contactless): contactless.set(nil)
        case (nil, .pinpad): pinpad.set(nil)
        case (nil, .keypad): keypad.set(nil)
        case (nil, .printer): printer.set(nil)
        }
    }

    func finish() {
        chip.finish()
        stripe.finish()
        contactless.finish()
        pinpad.finish()
        keypad.finish()
        printer.finish()
    }
}

extension DeviceDescription.Kind {
    /// What people call such a device.
    public var text: String {
        switch self {
        case .chip: "chip reader"
        case .stripe: "stripe reader"
        case .contactless: "contactless reader"
        case .pinpad: "PIN pad"
        case .printer: "printer"
        }
    }
}
