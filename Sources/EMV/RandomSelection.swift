/// Which transactions under the floor limit go online nevertheless (EMV 4.4 Book 3, 10.6.2).
public struct RandomSelection: Sendable, Hashable {
    /// Minor units: below it the plain percentage counts, from it on the bias grows towards the floor limit.
    public var threshold: Int64
    /// 0…99.
    public var targetPercentage: Int
    /// 0…99, at least `targetPercentage`: reached at the floor limit.
    public var maximumPercentage: Int

    /// Selects nothing.
    public static let none = RandomSelection(threshold: 0, targetPercentage: 0, maximumPercentage: 0)

    public init(threshold: Int64, targetPercentage: Int, maximumPercentage: Int) {
        self.threshold = threshold
        self.targetPercentage = targetPercentage
        self.maximumPercentage = maximumPercentage
    }

    /// `number`: 1…99, fresh for each transaction. At or over the floor limit nothing is selected: that limit decides.
    func selects(amount: Int64, floorLimit: Int64, number: Int) -> Bool {
        guard amount < floorLimit else { return false }
        let target = min(max(targetPercentage, 0), 99)
        guard amount >= threshold, floorLimit > threshold else { return number <= target }
        let spread = Int64(min(max(maximumPercentage, target), 99) - target)
        // The part of the way from threshold to floor limit, in whole percent.
        let (product, overflow) = (amount - threshold).multipliedReportingOverflow(by: spread)
        let bias = overflow ? spread : product / (floorLimit - threshold)
        return number <= target + Int(bias)
    }
}
