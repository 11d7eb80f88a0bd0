"""What Brex offers, one noun a module: integrations, records, expenses, webhooks, company."""
