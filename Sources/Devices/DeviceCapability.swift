/// One thing that an open device can do; the registry hands it to whoever needs it.
public enum DeviceCapability: Sendable {
    case chip(any ChipReader)
    case stripe(any StripeReader)
    case contactless(any ContactlessReader)
    case pinpad(any PINPad)
    case printer(any Printer)

    public var device: DeviceDescription {
        switch self {
        case .chip(let reader): reader.device
        case .stripe(let reader): reader.device
        case .contactless(let reader): reader.device
        case .pinpad(let pad): pad.device
        case .printer(let printer): printer.device
        }
    }

    public var kind: DeviceDescription.Kind {
        switch self {
        case .chip: .chip
        case .stripe: .stripe
        case .contactless: .contactless
        case .pinpad: .pinpad
        case .printer: .printer
        }
    }
}

/// The device in service of each kind, and everybody who follows it.
struct DevicesInService: Sendable {
    let chip = Followed<(any ChipReader)?>(nil)
    let stripe = Followed<(any StripeReader)?>(nil)
    let contactless = Followed<(any ContactlessReader)?>(nil)
    let pinpad = Followed<(any PINPad)?>(nil)
    let printer = Followed<(any Printer)?>(nil)

    func put(_ capability: DeviceCapability?, as kind: DeviceDescription.Kind) {
        switch (capability, kind) {
        case (.chip(let reader), _): chip.set(reader)
        case (.stripe(let reader), _): stripe.set(reader)
        case (.contactless(let reader), _): contactless.set(reader)
        case (.pinpad(let pad), _): pinpad.set(pad)
        case (.printer(let device), _): printer.set(device)
        case (nil, .chip): chip.set(nil)
        case (nil, .stripe): stripe.set(nil)
        case (nil, .contactless): contactless.set(nil)
        case (nil, .pinpad): pinpad.set(nil)
        case (nil, .printer): printer.set(nil)
        }
    }

    func finish() {
        chip.finish()
        stripe.finish()
        contactless.finish()
        pinpad.finish()
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
