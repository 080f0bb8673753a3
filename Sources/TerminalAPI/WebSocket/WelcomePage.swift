/// What a person sees who opens the POS port in a browser, usually to accept the terminal's certificate.
enum WelcomePage {
    static let html = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <title>Payment terminal</title>
        <style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 36em; margin: 4em auto; padding: 0 1em; }</style>
        <h1>This is a payment terminal</h1>
        <p>It speaks JSON over WebSocket to a point of sale, at this address. There is nothing to see here.</p>
        <p>If you came to accept its certificate: that is done, and you may close this page.</p>
        </html>

        """
}
