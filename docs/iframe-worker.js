// The search runs in a Worker, which browsers do not start from the file system: there its script runs in a hidden frame.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(url) {
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.started = new Promise((resolve, reject) => {
        this.frame.addEventListener("load", () => {
          const { contentWindow: inside, contentDocument: page } = this.frame;
          inside.postMessage = (data) => this.deliver(data, (message) => this.onmessage?.(message));
          const script = page.createElement("script");
          script.src = new URL(url, location).href;
          script.onload = () => resolve(inside);
          script.onerror = reject;
          page.head.append(script);
        }, { once: true });
      });
      this.started.catch((error) => this.onerror?.(error));
      document.documentElement.append(this.frame);
    }

    postMessage(data) {
      const message = structuredClone(data);
      this.started.then((inside) => this.deliver(message, (copy) => inside.onmessage(copy)), () => {});
    }

    // As between threads: later, and a copy, since each side changes what it has.
    deliver(data, take) {
      const copy = structuredClone(data);
      setTimeout(() => take({ data: copy }));
    }

    terminate() {
      this.frame.remove();
    }
  };
}
