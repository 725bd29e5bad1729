// The page that lists the rooms.

import { connect } from "../channels_celery/client.js";
import { Rooms } from "./rooms.js";
import { showConnection } from "../site/connection.js";
import { reloadForAnother } from "../site/visitor.js";

const connection = connect("/ws/");
showConnection(connection);
reloadForAnother(connection, document.getElementById("lobby").dataset.visitor);
new Rooms(connection, document.getElementById("rooms"));
