// Runs before Gradio's own scripts. LANGUAGE is the page's.

// Gradio asks the browser which language its own labels are in; the page's is the right answer.
Object.defineProperty(navigator, "language", { get: () => "LANGUAGE" });

// Which tab the address asks for; Gradio's first tab will write its own name there.
window.labTab = location.hash.slice(1);
