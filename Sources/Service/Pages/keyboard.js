// Keys to touch, for screens that have no others.
const layouts = {
  digits: ["123", "456", "789", "⌫0"],
  text: ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm-'", " ⌫"],
  email: ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm_-", "@.⌫"],
};

/** Fills `parent` with the keys of a layout that type into `field`. */
export function showKeyboard(parent, layout, field) {
  parent.dataset.layout = layout;
  parent.replaceChildren(...layouts[layout].map((letters) => {
    const row = document.createElement("div");
    row.append(...Array.from(letters, (letter) => {
      const key = document.createElement("button");
      key.textContent = letter === " " ? "␣" : letter;
      key.setAttribute("aria-label", letter === "⌫" ? "Backspace" : letter === " " ? "Space" : letter);
      key.dataset.key = letter;
      key.onclick = () => {
        field.value = letter === "⌫" ? field.value.slice(0, -1) : (field.value + letter).slice(0, field.maxLength);
        field.dispatchEvent(new Event("input"));
      };
      return key;
    }));
    return row;
  }));
}
