/// Name and version as every part of the product shows them.
public enum Product {
    public static let name = "Countertop"
    public static let version = "0.1.0"
}
