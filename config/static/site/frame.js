// A page that follows nothing of its own: it says whether the server can be reached.

import { connect } from "../channels_celery/client.js";
import { showConnection } from "./connection.js";
import { reloadForAnother } from "./visitor.js";

const connection = connect("/ws/");
showConnection(connection, "No page can be opened.");

// What somebody is writing into a form is not taken from them.
const { visitor } = document.body.dataset;
if (visitor !== undefined && !document.querySelector("main form")) reloadForAnother(connection, visitor);
